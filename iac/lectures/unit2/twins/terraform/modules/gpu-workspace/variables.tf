variable "team" {
  type        = string
  description = "Product team that owns the workspace."
}

variable "environment" {
  type        = string
  description = "dev, staging or prod."

  validation {
    condition     = contains(["dev", "staging", "prod"], var.environment)
    error_message = "environment: dev, staging or prod."
  }
}

variable "owner" {
  type        = string
  description = "Address of the owner."
}

variable "cost_centre" {
  type        = string
  description = "Cost centre that pays."
}

variable "network_cidr" {
  type        = string
  description = "IPv4 range of the network."
}

variable "registry_token" {
  type        = string
  description = "Token for the model registry."
  sensitive   = true
  ephemeral   = true
}

variable "gpu_kind" {
  type        = string
  description = "Kind of GPU."
  default     = "l4"
}

variable "gpu_nodes" {
  type        = number
  description = "Number of GPU nodes."
  default     = 1
}
