variable "password" {
  type        = string
  description = "Password of the model registry."
  sensitive   = true
}

resource "platform_secret" "registry" {
  name                 = "vision/u4-leaking"
  value_wo             = var.password
  recovery_window_days = 0
  owner                = "vision"
}

# An ordinary attribute: its value is written to the state, and so is the output's.
resource "terraform_data" "client" {
  input = {
    user     = "inference"
    password = var.password
  }
}

output "login" {
  description = "What the service logs in with."
  value       = terraform_data.client.output
  sensitive   = true
}
