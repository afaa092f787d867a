mock_provider "platform" {}

variables {
  team           = "speech"
  environment    = "dev"
  owner          = "speech@acme.test"
  cost_centre    = "cc-4022"
  network_cidr   = "10.40.0.0/20"
  registry_token = "a-token-for-the-test"
}

run "the_bucket_follows_the_rules" {
  command = plan

  assert {
    condition     = platform_artifact_bucket.bucket.encryption == "aws:kms"
    error_message = "Buckets are encrypted with KMS."
  }
}

run "an_unknown_environment_is_refused" {
  command = plan

  variables {
    environment = "production"
  }

  expect_failures = [var.environment]
}
