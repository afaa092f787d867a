locals {
  name = "${var.team}-${var.environment}"
  tags = {
    team        = var.team
    environment = var.environment
    module      = "training-workspace"
  }
}

resource "platform_network" "this" {
  name         = local.name
  cidr         = var.network_cidr
  subnet_cidrs = [cidrsubnet(var.network_cidr, 2, 0), cidrsubnet(var.network_cidr, 2, 1)]
  owner        = var.owner
  cost_centre  = var.cost_centre
  tags         = local.tags
}

resource "platform_artifact_bucket" "this" {
  name                  = "acme-${local.name}-checkpoints"
  encryption            = "aws:kms"
  public_access_blocked = true
  versioning            = true
  expire_days           = var.retention_days
  owner                 = var.owner
  cost_centre           = var.cost_centre
  tags                  = local.tags

  lifecycle {
    precondition {
      condition     = var.environment != "prod" || var.retention_days >= 90
      error_message = "Production keeps its checkpoints for at least 90 days."
    }
  }
}

resource "platform_gpu_pool" "this" {
  name        = local.name
  kind        = "l4"
  size        = var.gpu_nodes
  quota       = var.gpu_quota
  network_id  = platform_network.this.id
  owner       = var.owner
  cost_centre = var.cost_centre
  tags        = local.tags
}
