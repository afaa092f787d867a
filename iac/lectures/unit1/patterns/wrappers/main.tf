terraform {
  required_version = ">= 1.11"

  required_providers {
    platform = { source = "acme.test/platform/platform" }
  }
}

module "thin" {
  source      = "./thin-bucket"
  name        = "acme-u1-thin"
  owner       = "vision"
  cost_centre = "cc-4022"
  encryption  = "AES256"
  versioning  = true
  expire_days = 30
}

module "workspace" {
  source      = "../modules/workspace"
  team        = "wrapped"
  cost_centre = "cc-4022"
  network_id  = "default"
  gpu_quota   = 32
}
