variable "team" {
  type        = string
  description = "Product team that owns the artifacts."
}

variable "expire_days" {
  type        = number
  description = "Delete artifacts after so many days."
  default     = 90

  validation {
    condition     = var.expire_days >= 1 && var.expire_days <= 365
    error_message = "Artifacts are kept for 1 to 365 days."
  }
}
