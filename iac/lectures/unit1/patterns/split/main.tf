# The vision team's own state: the same objects, adopted instead of made again.
data "platform_network" "main" {
  name = "main"
}

module "workspace" {
  source      = "../modules/workspace"
  team        = "vision"
  prefix      = "mono-"
  cost_centre = "cc-4022"
  network_id  = data.platform_network.main.id
  gpu_quota   = 32
}
