variable "team" {
  type        = string
  description = "Product team that owns the models."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,19}$", var.team))
    error_message = "A team has 2 to 20 lower-case letters, digits and hyphens."
  }
}

variable "expire_days" {
  type        = number
  description = "Delete models after so many days."
  default     = 90
}
