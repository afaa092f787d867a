resource "platform_artifact_bucket" "this" {
  name        = "acme-u5-${var.team}-artifacts"
  owner       = var.team
  expire_days = var.expire_days
}
