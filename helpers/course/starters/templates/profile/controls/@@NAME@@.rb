# frozen_string_literal: true

shadow_modes = input('shadow_modes')

control '@@NAME@@-1' do
  impact 0.7
  title 'Password digests are not readable by everybody'
  desc 'Whoever reads them can guess passwords at leisure, on another machine.'
  tag soc2: ['CC6.1']
  only_if('the machine has local accounts') { file('/etc/shadow').exist? }

  describe file('/etc/shadow') do
    it { should be_owned_by 'root' }
    it { should_not be_readable.by('others') }
    it { should_not be_writable.by('others') }
    its('mode') { should be_in(shadow_modes.map { |mode| mode.to_i(8) }) }
  end
end

control '@@NAME@@-2' do
  impact 0.5
  title 'Only root changes the list of accounts'
  desc 'A line in it is a login.'
  tag soc2: ['CC6.1']

  describe file('/etc/passwd') do
    it { should be_owned_by 'root' }
    it { should_not be_writable.by('group') }
    it { should_not be_writable.by('others') }
  end
end
