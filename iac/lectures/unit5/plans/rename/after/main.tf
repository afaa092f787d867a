variable "renamed" { type = set(string) }
variable "regions" { type = set(string) }
variable "handed" { type = set(string) }

locals {
  before = ["chat", "forecast", "ranking", "search", "speech", "vision"]
  stores = { for team in local.before : contains(var.renamed, team) ? "${team}-eu" : team => team }
}

moved {
  from = terraform_data.bucket
  to   = terraform_data.store
}

resource "terraform_data" "store" {
  for_each         = local.stores
  input            = { owner = contains(var.handed, each.value) ? "${each.value}@acme.test" : "platform@acme.test" }
  triggers_replace = [contains(var.regions, each.value) ? "eu-central-1" : "eu-west-1"]
}
