# Generated from controls.yaml by: python -m helpers.wrappers.inspec   Change that file, not this one.

control 'acme-net-01' do
  impact 0.7
  title 'Internal services listen on loopback only'
  desc 'A service that listens on every address is reachable from each pod network that routes to the machine.'
  tag soc2: ['CC6.6']
  tag owner: 'platform'
  only_if('an input is empty: loopback_ports') { [input('loopback_ports')].none?(&:empty?) }

  input('loopback_ports').each do |item|
    describe port(item) do
      it { should be_listening }
      its('addresses') { should all(be_in(['127.0.0.1', '::1'])) }
    end
  end
end
