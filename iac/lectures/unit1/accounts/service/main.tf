terraform {
  required_version = ">= 1.11"

  # Partial on purpose: bucket, key and region come with init.
  backend "s3" {}
}

variable "release" {
  type        = string
  description = "Release to roll out."
  default     = "r1"
}

resource "terraform_data" "rollout" {
  triggers_replace = var.release

  provisioner "local-exec" {
    command = "sleep 5"
  }
}
