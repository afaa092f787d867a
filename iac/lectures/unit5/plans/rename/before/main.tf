variable "renamed" { type = set(string) }
variable "regions" { type = set(string) }
variable "handed" { type = set(string) }

resource "terraform_data" "bucket" {
  for_each         = toset(["chat", "forecast", "ranking", "search", "speech", "vision"])
  input            = { owner = "platform@acme.test" }
  triggers_replace = ["eu-west-1"]
}
