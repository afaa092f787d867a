# terraform_data is part of Terraform itself: this plan needs no provider, no cloud and no account.
variable "teams" {
  type        = set(string)
  description = "Product teams that get a workspace."
  default     = ["ranking", "speech", "vision"]
}

resource "terraform_data" "network" {
  input = "10.8.0.0/16"
}

resource "terraform_data" "workspace" {
  for_each = var.teams
  input    = { team = each.key, network = terraform_data.network.output }
}
