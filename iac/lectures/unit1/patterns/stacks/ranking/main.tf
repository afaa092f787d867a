variable "cidr" {
  type        = string
  description = "Address range of this team's network."
  default     = "10.8.64.0/20"
}

resource "platform_network" "this" {
  name  = "ranking"
  cidr  = var.cidr
  owner = "ranking"
}

module "workspace" {
  source      = "../../modules/workspace"
  team        = "ranking"
  cost_centre = "cc-4024"
  network_id  = platform_network.this.id
  gpu_quota   = 32
}
