# The module's own logic, with a provider that only knows its schema: no cloud is asked.
mock_provider "platform" {}

variables {
  team        = "vision"
  environment = "dev"
  owner       = "vision@acme.test"
  cost_centre = "cc-4021"
}

run "names_follow_the_team" {
  command = plan

  assert {
    condition     = output.bucket == "acme-vision-dev-checkpoints"
    error_message = "The bucket is named after team and environment."
  }

  assert {
    condition     = platform_gpu_pool.this.size == var.gpu_nodes && platform_gpu_pool.this.quota == var.gpu_quota
    error_message = "The pool has the size and the quota that were asked for."
  }

  assert {
    condition     = platform_artifact_bucket.this.owner == "vision@acme.test"
    error_message = "The bucket belongs to its team."
  }
}

run "a_team_is_a_short_word" {
  command = plan

  variables {
    team = "Vision Lab"
  }

  expect_failures = [var.team]
}

run "production_keeps_its_checkpoints" {
  command = plan

  variables {
    environment = "prod"
  }

  expect_failures = [platform_artifact_bucket.this]
}
