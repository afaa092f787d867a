# The bucket that will hold a team's state. Its own state stays local: somebody has to be first.
variable "team" {
  type        = string
  description = "Team the state belongs to."
  default     = "vision"
}

resource "platform_artifact_bucket" "state" {
  name          = "acme-u1-${var.team}-state"
  owner         = var.team
  force_destroy = true # only here: the lecture cleans up after itself
}
