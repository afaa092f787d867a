resource "platform_artifact_bucket" "audit" {
  name  = "acme-u1-audit"
  owner = "platform"
}
