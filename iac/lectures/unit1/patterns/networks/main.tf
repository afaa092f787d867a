# One state for all teams, as in the monolith, but a network for each team, as in the stacks.
variable "cidrs" {
  type        = map(string)
  description = "Team -> address range of its network."
  default     = { vision = "10.9.0.0/20", speech = "10.9.16.0/20", ranking = "10.9.32.0/20" }
}

locals {
  cost_centres = { vision = "cc-4022", speech = "cc-4023", ranking = "cc-4024" }
}

resource "platform_network" "team" {
  for_each = var.cidrs
  name     = "one-${each.key}"
  cidr     = each.value
  owner    = each.key
}

module "workspace" {
  for_each    = var.cidrs
  source      = "../modules/workspace"
  team        = each.key
  prefix      = "one-"
  cost_centre = local.cost_centres[each.key]
  network_id  = platform_network.team[each.key].id
  gpu_quota   = 32
}
