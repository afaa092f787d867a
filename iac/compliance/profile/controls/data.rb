# Generated from controls.yaml by: python -m helpers.wrappers.inspec   Change that file, not this one.

control 'acme-data-01' do
  impact 0.8
  title 'Buckets are encrypted by default'
  desc 'Asked of the cloud\'s API, not of the code that once made the bucket.'
  tag soc2: ['CC6.1']
  tag owner: 'platform'
  only_if('an input is empty: buckets, bucket_report') { [input('buckets'), input('bucket_report')].none?(&:empty?) }

  input('buckets').each do |item|
    describe json({ command: input('bucket_report') }) do
      its([item, 'encryption']) { should be_in ['AES256', 'aws:kms'] }
    end
  end
end

control 'acme-data-02' do
  impact 1.0
  title 'Buckets are closed to the public'
  desc 'All four switches of Block Public Access are on.'
  tag soc2: ['CC6.6']
  tag owner: 'platform'
  only_if('an input is empty: buckets, bucket_report') { [input('buckets'), input('bucket_report')].none?(&:empty?) }

  input('buckets').each do |item|
    describe json({ command: input('bucket_report') }) do
      its([item, 'public_access_blocked']) { should cmp true }
    end
  end
end
