variable "touched" { type = set(string) }
variable "dropped" { type = set(string) }
variable "added" { type = set(string) }
variable "pools" { type = set(string) }
variable "queues" { type = set(string) }

locals {
  buckets = toset(["cache", "checkpoints", "datasets", "models", "raw", "scratch"])
}

resource "terraform_data" "bucket" {
  for_each = local.buckets
  input    = { owner = contains(var.touched, each.key) ? "nobody" : "vision" }
}

resource "terraform_data" "pool" {
  for_each         = toset(["batch", "serving"])
  triggers_replace = ["a100"]

  lifecycle {
    create_before_destroy = true
  }
}

resource "terraform_data" "queue" {
  for_each         = toset(["events", "jobs"])
  triggers_replace = ["fifo"]
}
