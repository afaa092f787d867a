variable "db_password" {
  type        = string
  description = "Password of the feature store."
  default     = "not-given" # so that destroy needs no password
  sensitive   = true
  ephemeral   = true
}

resource "platform_secret" "feature_store" {
  name                 = "u1/vision/feature-store"
  owner                = "vision"
  value_wo             = var.db_password
  value_wo_version     = 1
  recovery_window_days = 0
}
