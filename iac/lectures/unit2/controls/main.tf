terraform {
  required_version = ">= 1.11"

  required_providers {
    platform = { source = "acme.test/platform/platform" }
  }
}

provider "platform" {}

resource "platform_artifact_bucket" "states" {
  name  = "acme-u2-tfstate"
  owner = "platform"
}
