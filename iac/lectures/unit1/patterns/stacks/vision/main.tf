variable "cidr" {
  type        = string
  description = "Address range of this team's network."
  default     = "10.8.32.0/20"
}

resource "platform_network" "this" {
  name  = "vision"
  cidr  = var.cidr
  owner = "vision"
}

module "workspace" {
  source      = "../../modules/workspace"
  team        = "vision"
  cost_centre = "cc-4022"
  network_id  = platform_network.this.id
  gpu_quota   = 32
}
