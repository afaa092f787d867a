# One variable for everything. No type, so no contract.
variable "settings" { type = any }

resource "platform_gpu_pool" "this" {
  name        = var.settings.name
  kind        = try(var.settings.kind, "a100")
  size        = try(var.settings.nodes, 1)
  spot        = try(var.settings.spot, false)
  quota       = 64
  owner       = "vision"
  cost_centre = "cc-4022"
}
