variable "team" {}

resource "platform_artifact_bucket" "this" {
  name  = "files-${var.team}"
  owner = var.team
}

output "bucket" {
  value = platform_artifact_bucket.this.name
}
