# The same with a typed object.
variable "settings" {
  type = object({
    name  = string
    kind  = optional(string, "a100")
    nodes = optional(number, 1)
    spot  = optional(bool, false)
  })
}

resource "platform_gpu_pool" "this" {
  name        = var.settings.name
  kind        = var.settings.kind
  size        = var.settings.nodes
  spot        = var.settings.spot
  quota       = 64
  owner       = "vision"
  cost_centre = "cc-4022"
}
