variable "moving" { type = string }
variable "handed" { type = set(string) }

module "workspace" {
  source   = "./workspace"
  for_each = toset(["ranking", "search", "speech", "vision"])
  range    = "10.8.0.0/20"
  owner    = "platform@acme.test"
}
