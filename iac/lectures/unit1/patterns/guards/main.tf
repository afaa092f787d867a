variable "train_nodes" {
  type        = number
  description = "Training nodes, eight GPUs each."
  default     = 1

  validation {
    condition     = var.train_nodes >= 1 && var.train_nodes <= 16
    error_message = "train_nodes must be 1 to 16; ask the platform team for more."
  }
}

variable "budget_usd" {
  type        = number
  description = "What the team may spend in an hour, in US dollars."
  default     = 50
}

variable "spot" {
  type        = bool
  description = "Train on nodes that may be taken away."
  default     = false
}

resource "platform_gpu_pool" "train" {
  name        = "guarded-train"
  kind        = "a100"
  size        = var.train_nodes
  quota       = 128
  spot        = var.spot
  owner       = "vision"
  cost_centre = "cc-4022"

  lifecycle {
    precondition {
      condition     = !(var.spot && var.train_nodes > 4)
      error_message = "Runs on more than 4 nodes lose too much when a spot node is taken away."
    }
  }
}

check "budget" {
  assert {
    condition     = platform_gpu_pool.train.hourly_cost_usd <= var.budget_usd
    error_message = "This pool costs more for an hour than the team's budget."
  }
}
