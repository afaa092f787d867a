variable "nodes" {
  type        = number
  description = "Training nodes, eight GPUs each."
  default     = 1
}

variable "kind" {
  type        = string
  description = "Kind of GPU."
  default     = "a100"
}

data "platform_gpu_catalogue" "all" {}

resource "platform_network" "vision" {
  name  = "u1-vision"
  cidr  = "10.32.0.0/20"
  owner = "vision"
}

resource "platform_gpu_pool" "train" {
  name        = "u1-vision-train"
  kind        = var.kind
  size        = var.nodes
  quota       = 16
  network_id  = platform_network.vision.id
  owner       = "vision-u1"
  cost_centre = "cc-4022"
}

resource "platform_artifact_bucket" "models" {
  name  = "acme-u1-vision-checkpoints"
  owner = "vision"
}

output "catalogue" {
  description = "What can be asked for."
  value       = data.platform_gpu_catalogue.all.kinds
}
