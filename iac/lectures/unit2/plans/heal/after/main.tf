variable "touched" { type = set(string) }
variable "dropped" { type = set(string) }
variable "added" { type = set(string) }
variable "pools" { type = set(string) }
variable "queues" { type = set(string) }

locals {
  before  = toset(["cache", "checkpoints", "datasets", "models", "raw", "scratch"])
  buckets = setunion(setsubtract(local.before, var.dropped), var.added)
}

resource "terraform_data" "bucket" {
  for_each = local.buckets
  input    = { owner = "vision" }
}

resource "terraform_data" "pool" {
  for_each         = toset(["batch", "serving"])
  triggers_replace = [contains(var.pools, each.key) ? "h100" : "a100"]

  lifecycle {
    create_before_destroy = true
  }
}

resource "terraform_data" "queue" {
  for_each         = toset(["events", "jobs"])
  triggers_replace = [contains(var.queues, each.key) ? "standard" : "fifo"]
}
