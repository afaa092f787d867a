# Generated from controls.yaml by: python -m helpers.wrappers.inspec   Change that file, not this one.

control 'acme-keys-01' do
  impact 0.9
  title 'A private key is readable by its owner alone'
  desc 'A key that any account of a shared GPU node can read is a key that any job on the node has.'
  tag soc2: ['CC6.1']
  tag owner: 'platform'
  only_if('an input is empty: private_keys') { [input('private_keys')].none?(&:empty?) }

  input('private_keys').each do |item|
    describe file(item) do
      it { should exist }
      its('mode') { should cmp '0600' }
    end
  end
end
