# One variable for everything, whose validation knows the words.
variable "settings" {
  type = any

  validation {
    condition     = length(setsubtract(keys(var.settings), ["name", "kind", "nodes", "spot"])) == 0
    error_message = "Unknown: ${join(", ", setsubtract(keys(var.settings), ["name", "kind", "nodes", "spot"]))}. settings takes name, kind, nodes and spot."
  }
}

resource "platform_gpu_pool" "this" {
  name        = var.settings.name
  kind        = try(var.settings.kind, "a100")
  size        = try(var.settings.nodes, 1)
  spot        = try(var.settings.spot, false)
  quota       = 64
  owner       = "vision"
  cost_centre = "cc-4022"
}
