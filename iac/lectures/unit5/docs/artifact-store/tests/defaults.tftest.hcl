mock_provider "platform" {}

run "name_follows_team" {
  command = plan

  variables {
    team = "vision"
  }

  assert {
    condition     = output.bucket == "acme-u5-vision-artifacts"
    error_message = "The bucket's name must follow from the team's name."
  }
}
