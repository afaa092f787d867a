variable "cidr" {
  type        = string
  description = "Address range of the one network."
  default     = "10.8.0.0/20"
}

resource "platform_network" "main" {
  name  = "main"
  cidr  = var.cidr
  owner = "platform"
}

resource "platform_artifact_bucket" "audit" {
  name  = "acme-u1-mono-audit"
  owner = "platform"
}
