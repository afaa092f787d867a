# Generated from controls.yaml by: python -m helpers.wrappers.inspec   Change that file, not this one.

control 'acme-vault-01' do
  impact 1.0
  title 'The vault refuses a reader without a token'
  desc 'The path need not exist; a vault that answers 404 to a stranger has told them something.'
  tag soc2: ['CC6.1']
  tag owner: 'platform'
  only_if('an input is empty: vault_url') { [input('vault_url')].none?(&:empty?) }

  describe http("#{input('vault_url')}/v1/secret/data/vision/model-key", ssl_verify: false) do
    its('status') { should cmp 403 }
  end
end
