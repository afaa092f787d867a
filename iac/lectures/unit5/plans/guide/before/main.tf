variable "moving" { type = set(string) }
variable "handed" { type = set(string) }
variable "routed" { type = set(string) }

locals {
  callers = toset(["ranking", "speech", "vision"])
}

resource "terraform_data" "bucket" {
  for_each         = local.callers
  triggers_replace = ["eu-west-1"]
}

resource "terraform_data" "endpoint" {
  for_each = local.callers
  input    = { owner = "platform@acme.test" }
}

resource "terraform_data" "alias" {
  for_each = local.callers
  input    = "${each.key}.models.acme.test"
}
