# Generated from controls.yaml by: python -m helpers.wrappers.inspec   Change that file, not this one.

control 'acme-state-01' do
  impact 0.9
  title 'A bucket with Terraform states keeps old versions and no forgotten lock'
  desc 'Without versions a broken state is lost for good; a lock that nobody holds any more blocks the next incident.'
  tag soc2: ['CC8.1']
  tag owner: 'platform'
  only_if('an input is empty: state_buckets, bucket_report') { [input('state_buckets'), input('bucket_report')].none?(&:empty?) }

  input('state_buckets').each do |item|
    describe json({ command: input('bucket_report') }) do
      its([item, 'versioning']) { should cmp 'Enabled' }
      its([item, 'locks_older_than_a_day']) { should cmp 0 }
    end
  end
end
