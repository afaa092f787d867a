variable "leaving" { type = set(string) }
variable "joining" { type = set(string) }
variable "retyped" { type = set(string) }
variable "resized" { type = set(string) }

locals {
  before = toset(["chat", "forecast", "ranking", "search", "speech", "vision"])
  teams  = setunion(setsubtract(local.before, var.leaving), var.joining)
}

resource "terraform_data" "network" {
  input = "10.8.0.0/16"
}

resource "terraform_data" "pool" {
  for_each         = local.teams
  input            = { network = terraform_data.network.id, nodes = contains(var.resized, each.key) ? 4 : 2 }
  triggers_replace = [contains(var.retyped, each.key) ? "h100" : "a100"]
}

resource "terraform_data" "endpoint" {
  for_each = local.teams
  input    = { pool = terraform_data.pool[each.key].id }
}
