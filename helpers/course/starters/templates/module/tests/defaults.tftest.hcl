mock_provider "platform" {}

variables {
  team = "vision"
}

run "defaults" {
  command = plan

  assert {
    condition     = output.bucket == "@@NAME@@-vision"
    error_message = "The bucket's name must follow from the team's name."
  }

  assert {
    condition     = platform_artifact_bucket.this.owner == "vision"
    error_message = "The team that asks must own the bucket."
  }

  assert {
    condition     = platform_artifact_bucket.this.expire_days == 90
    error_message = "Objects must expire after 90 days unless the caller says otherwise."
  }
}

run "retention_is_the_callers" {
  command = plan

  variables {
    expire_days = 7
  }

  assert {
    condition     = platform_artifact_bucket.this.expire_days == 7
    error_message = "The caller's expire_days must reach the bucket."
  }
}

run "a_team_has_a_name" {
  command = plan

  variables {
    team = "V"
  }

  expect_failures = [var.team]
}

run "nothing_expires_at_once" {
  command = plan

  variables {
    expire_days = 0
  }

  expect_failures = [var.expire_days]
}
