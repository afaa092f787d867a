variable "moving" { type = set(string) }
variable "handed" { type = set(string) }
variable "routed" { type = set(string) }

locals {
  callers = toset(["ranking", "speech", "vision"])
}

resource "terraform_data" "bucket" {
  for_each         = local.callers
  triggers_replace = [contains(var.moving, each.key) ? "eu-central-1" : "eu-west-1"]
}

resource "terraform_data" "endpoint" {
  for_each = local.callers
  input    = { owner = contains(var.handed, each.key) ? "${each.key}@acme.test" : "platform@acme.test" }
}

resource "terraform_data" "route" {
  for_each = var.routed
  input    = "${each.key}.gateway.acme.test"
}
