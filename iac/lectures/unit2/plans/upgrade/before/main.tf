variable "renamed" { type = string }
variable "handed" { type = set(string) }
variable "grown" { type = set(string) }

resource "terraform_data" "bucket" {
  for_each = toset(["checkpoints", "datasets", "models"])
  input    = { owner = "platform@acme.test" }
}

resource "terraform_data" "pool" {
  for_each = toset(["batch", "serving"])
  input    = { nodes = 2 }
}
