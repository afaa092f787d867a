# One team's workspace. What it needs from others comes in as an input: the caller owns the network.
resource "platform_gpu_pool" "train" {
  name        = "${var.prefix}${var.team}-train"
  kind        = "a100"
  size        = var.train_nodes
  quota       = var.gpu_quota
  network_id  = var.network_id
  owner       = var.team
  cost_centre = var.cost_centre
}

resource "platform_gpu_pool" "serve" {
  name        = "${var.prefix}${var.team}-serve"
  kind        = "l4"
  size        = var.serve_nodes
  quota       = var.gpu_quota
  network_id  = var.network_id
  owner       = var.team
  cost_centre = var.cost_centre
}

resource "platform_artifact_bucket" "data" {
  name        = "acme-u1-${var.prefix}${var.team}-data"
  owner       = var.team
  cost_centre = var.cost_centre
}

resource "platform_artifact_bucket" "models" {
  name        = "acme-u1-${var.prefix}${var.team}-models"
  owner       = var.team
  cost_centre = var.cost_centre
}
