terraform {
  required_version = ">= 1.11"

  required_providers {
    platform = { source = "acme.test/platform/platform" }
  }
}

provider "platform" {
  default_tags = { stage = "lecture" }
}
