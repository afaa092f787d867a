resource "platform_artifact_bucket" "this" {
  name  = "acme-u1-${var.team}-artifacts"
  owner = var.team
}
