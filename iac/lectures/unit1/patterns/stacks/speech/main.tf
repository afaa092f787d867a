variable "cidr" {
  type        = string
  description = "Address range of this team's network."
  default     = "10.8.48.0/20"
}

resource "platform_network" "this" {
  name  = "speech"
  cidr  = var.cidr
  owner = "speech"
}

module "workspace" {
  source      = "../../modules/workspace"
  team        = "speech"
  cost_centre = "cc-4023"
  network_id  = platform_network.this.id
  gpu_quota   = 32
}
