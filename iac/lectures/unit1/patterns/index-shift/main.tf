variable "teams" {
  type        = list(string)
  description = "Product teams, in no particular order. Or so we thought."
  default     = ["vision", "speech", "ranking"]
}

resource "platform_artifact_bucket" "scratch" {
  count = length(var.teams)
  name  = "acme-u1-scratch-${var.teams[count.index]}"
  owner = var.teams[count.index]
}
