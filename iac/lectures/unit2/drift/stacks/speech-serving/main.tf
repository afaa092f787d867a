resource "platform_artifact_bucket" "models" {
  name  = "acme-u2-speech-models"
  owner = "speech"
}
