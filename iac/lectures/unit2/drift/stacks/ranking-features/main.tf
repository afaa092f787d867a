resource "platform_artifact_bucket" "features" {
  name  = "acme-u2-ranking-features"
  owner = "ranking"
  tags  = { tier = "gold" }
}
