resource "platform_artifact_bucket" "this" {
  name        = "acme-u2-${var.team}-models"
  owner       = var.team
  expire_days = var.expire_days
}
