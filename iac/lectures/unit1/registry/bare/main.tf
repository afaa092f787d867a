variable "team" {}

variable "retention" {
  type = number
}

resource "platform_artifact_bucket" "this" {
  name        = "acme-${var.team}-artifacts"
  owner       = var.team
  expire_days = var.retention
}

output "bucket" {
  value = platform_artifact_bucket.this.name
}
