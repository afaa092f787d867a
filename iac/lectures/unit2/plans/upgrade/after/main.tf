variable "renamed" { type = string }
variable "handed" { type = set(string) }
variable "grown" { type = set(string) }

locals {
  buckets = { for name in ["checkpoints", "datasets", "models"] : name == var.renamed ? "vision-${name}" : name => name }
}

resource "terraform_data" "bucket" {
  for_each = local.buckets
  input    = { owner = contains(var.handed, each.value) ? "vision@acme.test" : "platform@acme.test" }
}

resource "terraform_data" "pool" {
  for_each = toset(["batch", "serving"])
  input    = { nodes = contains(var.grown, each.key) ? 4 : 2 }
}
