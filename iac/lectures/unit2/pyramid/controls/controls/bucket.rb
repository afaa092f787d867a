# Generated from controls.yaml by: python -m helpers.wrappers.inspec   Change that file, not this one.

control 'acme-bucket-01' do
  impact 0.8
  title 'Checkpoints are encrypted with KMS'
  desc 'Who may read them is then decided twice, by the bucket and by the key.'
  tag soc2: ['CC6.1']
  tag owner: 'platform'
  only_if('an input is empty: buckets, bucket_report') { [input('buckets'), input('bucket_report')].none?(&:empty?) }

  input('buckets').each do |item|
    describe json({ command: input('bucket_report') }) do
      its([item, 'encryption']) { should cmp 'aws:kms' }
    end
  end
end

control 'acme-bucket-02' do
  impact 1.0
  title 'Checkpoints are closed to the public'
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

control 'acme-bucket-03' do
  impact 0.7
  title 'Old versions of checkpoints are kept'
  desc 'A run that overwrites its last good checkpoint with a broken one has lost weeks of GPU time.'
  tag soc2: ['CC8.1']
  tag owner: 'platform'
  only_if('an input is empty: buckets, bucket_report') { [input('buckets'), input('bucket_report')].none?(&:empty?) }

  input('buckets').each do |item|
    describe json({ command: input('bucket_report') }) do
      its([item, 'versioning']) { should cmp 'Enabled' }
    end
  end
end

control 'acme-bucket-04' do
  impact 0.5
  title 'Buckets say which team owns them'
  desc 'The tag platform:owner, which the provider sets, is what on-call looks at first.'
  tag soc2: ['CC6.1']
  tag owner: 'platform'
  only_if('an input is empty: buckets, bucket_report') { [input('buckets'), input('bucket_report')].none?(&:empty?) }

  input('buckets').each do |item|
    describe json({ command: input('bucket_report') }) do
      its([item, 'owner']) { should be_in ['vision@acme.test', 'speech@acme.test'] }
    end
  end
end
