resource "platform_artifact_bucket" "this" {
  name        = "@@NAME@@-${var.team}"
  owner       = var.team
  expire_days = var.expire_days
}
