variable "password" {
  type        = string
  description = "Password of the model registry. Neither plan nor state keeps it."
  sensitive   = true
  ephemeral   = true
}

variable "password_version" {
  type        = number
  description = "Raise it to send a new password: Terraform keeps none to compare with."
  default     = 1
}

# Write-only: the value is sent, never kept.
resource "platform_secret" "registry" {
  name                 = "vision/u4-ephemeral"
  value_wo             = var.password
  value_wo_version     = var.password_version
  recovery_window_days = 0
  owner                = "vision"
}

# Read back for this run alone, and sent on to another write-only attribute.
ephemeral "platform_secret_value" "registry" {
  secret_id = platform_secret.registry.arn
}

resource "platform_secret" "staging" {
  name                 = "vision/u4-ephemeral-staging"
  value_wo             = ephemeral.platform_secret_value.registry.value
  value_wo_version     = var.password_version
  recovery_window_days = 0
  owner                = "vision"
}

# The service is told where the password is, not what it is.
resource "terraform_data" "client" {
  input = {
    user         = "inference"
    password_arn = platform_secret.registry.arn
  }
}

output "login" {
  description = "Where the service finds what it logs in with."
  value       = terraform_data.client.output
}
