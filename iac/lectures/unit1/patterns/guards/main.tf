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

variable "kind" {
  type        = string
  description = "Kind of GPU."
  default     = "a100"

  # Since Terraform 1.9 a validation may refer to more than its variable: here to what the platform sells.
  validation {
    condition     = contains(keys(data.platform_gpu_catalogue.all.kinds), var.kind)
    error_message = "kind is one of ${join(", ", keys(data.platform_gpu_catalogue.all.kinds))}."
  }
}

data "platform_gpu_catalogue" "all" {}

variable "spot" {
  type        = bool
  description = "Train on nodes that may be taken away."
  default     = false
}

resource "platform_gpu_pool" "train" {
  name        = "guarded-train"
  kind        = var.kind
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
