variable "moving" { type = string }
variable "handed" { type = set(string) }

module "workspace" {
  source   = "./workspace"
  for_each = toset(["ranking", "search", "speech", "vision"])
  range    = each.key == var.moving ? "10.9.0.0/20" : "10.8.0.0/20"
  owner    = contains(var.handed, each.key) ? "${each.key}@acme.test" : "platform@acme.test"
}
