variable "team" {
  type        = string
  description = "Product team that owns the bucket and pays for it."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,14}$", var.team))
    error_message = "A team is named by 2 to 15 lower-case letters, digits and hyphens, a letter first."
  }
}

variable "expire_days" {
  type        = number
  description = "Days after which an object is deleted."
  default     = 90

  validation {
    condition     = var.expire_days >= 1 && floor(var.expire_days) == var.expire_days
    error_message = "expire_days must be a whole number, at least 1."
  }
}
