# Generated from controls.yaml by: python -m helpers.wrappers.inspec   Change that file, not this one.

control 'acme-k8s-01' do
  impact 1.0
  title 'The Kubernetes API refuses anonymous readers of secrets'
  desc 'Its certificate is not judged here, only that nobody without a name gets an answer.'
  tag soc2: ['CC6.1']
  tag owner: 'platform'
  only_if('an input is empty: kubernetes_url') { [input('kubernetes_url')].none?(&:empty?) }

  describe http("#{input('kubernetes_url')}/api/v1/secrets", ssl_verify: false) do
    its('status') { should be_in [401, 403] }
  end
end
