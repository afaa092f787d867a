terraform {
  required_version = ">= 1.11"
}

variable "db_password" {
  type        = string
  description = "Password of the feature store."
  default     = "not-given" # so that destroy needs no password
  sensitive   = true
}

resource "terraform_data" "feature_store" {
  input = { user = "vision", password = var.db_password }
}
