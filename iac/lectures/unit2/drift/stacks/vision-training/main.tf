resource "platform_artifact_bucket" "checkpoints" {
  name        = "acme-u2-vision-checkpoints"
  owner       = "vision"
  expire_days = 30
}
