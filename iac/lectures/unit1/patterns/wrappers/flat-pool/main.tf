# One variable for each decision.
variable "name" { type = string }

variable "kind" {
  type    = string
  default = "a100"
}

variable "nodes" {
  type    = number
  default = 1
}

variable "spot" {
  type    = bool
  default = false
}

resource "platform_gpu_pool" "this" {
  name        = var.name
  kind        = var.kind
  size        = var.nodes
  spot        = var.spot
  quota       = 64
  owner       = "vision"
  cost_centre = "cc-4022"
}
