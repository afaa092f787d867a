# A wrapper that decides nothing: every input is handed on as it came.
variable "name" { type = string }
variable "owner" { type = string }
variable "cost_centre" { type = string }
variable "encryption" { type = string }
variable "versioning" { type = bool }
variable "expire_days" { type = number }

resource "platform_artifact_bucket" "this" {
  name        = var.name
  owner       = var.owner
  cost_centre = var.cost_centre
  encryption  = var.encryption
  versioning  = var.versioning
  expire_days = var.expire_days
}
