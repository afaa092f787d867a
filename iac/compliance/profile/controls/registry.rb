# Generated from controls.yaml by: python -m helpers.wrappers.inspec   Change that file, not this one.

control 'acme-registry-01' do
  impact 0.9
  title 'The module registry refuses a publisher without a token'
  desc 'Whoever can publish a module runs code in every pipeline that uses it.'
  tag soc2: ['CC8.1']
  tag owner: 'registry'
  only_if('an input is empty: registry_url') { [input('registry_url')].none?(&:empty?) }

  describe http("#{input('registry_url')}/v1/modules/acme/gpu-workspace/platform/9.9.9", ssl_verify: false, method: 'POST') do
    its('status') { should be_in [401, 403] }
  end
end
