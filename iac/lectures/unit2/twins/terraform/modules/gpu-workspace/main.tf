locals {
  name = "${var.team}-${var.environment}"
  tags = { team = var.team, environment = var.environment, module = "gpu-workspace" }
}

resource "platform_network" "network" {
  name        = local.name
  cidr        = var.network_cidr
  owner       = var.owner
  cost_centre = var.cost_centre
  tags        = local.tags
}

resource "platform_artifact_bucket" "bucket" {
  name        = "acme-${local.name}-artifacts"
  encryption  = "aws:kms"
  expire_days = 30
  owner       = var.owner
  cost_centre = var.cost_centre
  tags        = local.tags
}

resource "platform_gpu_pool" "pool" {
  name        = local.name
  kind        = var.gpu_kind
  size        = var.gpu_nodes
  quota       = 16
  network_id  = platform_network.network.id
  owner       = var.owner
  cost_centre = var.cost_centre
  tags        = local.tags
}

resource "platform_secret" "token" {
  name             = "${local.name}/registry-token"
  value_wo         = var.registry_token
  value_wo_version = 1
  owner            = var.owner
  tags             = local.tags

  recovery_window_days = 0
}
