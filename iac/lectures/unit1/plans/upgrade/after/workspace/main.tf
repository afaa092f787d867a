variable "range" { type = string }
variable "owner" { type = string }

resource "terraform_data" "network" {
  input            = { owner = var.owner }
  triggers_replace = [var.range]
}

resource "terraform_data" "bucket" {
  input = { owner = var.owner }
}
