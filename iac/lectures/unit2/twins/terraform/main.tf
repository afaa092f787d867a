# The speech team's workspace. Its twin, the vision team's, is a Pulumi program.
terraform {
  required_version = ">= 1.11"

  required_providers {
    platform = { source = "acme.test/platform/platform" }
  }
}

provider "platform" {}

variable "network_cidr" {
  type        = string
  description = "IPv4 range of the network."
  default     = "10.40.0.0/20"
}

variable "gpu_nodes" {
  type        = number
  description = "Number of GPU nodes."
  default     = 1
}

variable "registry_token" {
  type        = string
  description = "Token for the model registry."
  sensitive   = true
  ephemeral   = true
}

module "workspace" {
  source = "./modules/gpu-workspace"

  team           = "speech"
  environment    = "dev"
  owner          = "speech@acme.test"
  cost_centre    = "cc-4022"
  network_cidr   = var.network_cidr
  gpu_nodes      = var.gpu_nodes
  registry_token = var.registry_token
}

output "gpus" {
  description = "GPUs of the workspace."
  value       = module.workspace.gpus
}
