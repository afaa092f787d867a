variable "team" {
  type        = string
  description = "Product team that trains here."

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{2,15}$", var.team))
    error_message = "A team is 3 to 16 lower-case letters and digits."
  }
}

variable "environment" {
  type        = string
  description = "dev, staging or prod."

  validation {
    condition     = contains(["dev", "staging", "prod"], var.environment)
    error_message = "An environment is dev, staging or prod."
  }
}

variable "owner" {
  type        = string
  description = "Mail address of the team."
}

variable "cost_centre" {
  type        = string
  description = "Cost centre that pays, such as cc-4021."
}

variable "network_cidr" {
  type        = string
  description = "Private range of the workspace."
  default     = "10.20.0.0/20"
}

variable "gpu_nodes" {
  type        = number
  description = "Training nodes of kind l4, one GPU each."
  default     = 1
}

variable "gpu_quota" {
  type        = number
  description = "Most GPUs that the team may hold."
  default     = 16
}

variable "retention_days" {
  type        = number
  description = "Days that checkpoints are kept."
  default     = 30

  validation {
    condition     = var.retention_days >= 1 && var.retention_days <= 365
    error_message = "Checkpoints are kept for 1 to 365 days."
  }
}
