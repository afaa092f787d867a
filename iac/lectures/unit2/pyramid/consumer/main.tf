# A product team's root module, as it calls the workspace today.
terraform {
  required_version = ">= 1.11"

  required_providers {
    platform = { source = "acme.test/platform/platform", version = "~> 0.1" }
  }
}

module "workspace" {
  source = "../workspace"

  team        = "vision"
  environment = "dev"
  owner       = "vision@acme.test"
  cost_centre = "cc-4021"
}

output "upload_to" {
  description = "Where the trainer puts its checkpoints."
  value       = "s3://${module.workspace.bucket}/runs"
}

output "peer_with" {
  description = "Network that the feature store peers with."
  value       = module.workspace.network
}
