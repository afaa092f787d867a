resource "platform_gpu_pool" "ranking_train" {
  name        = "mono-ranking-train"
  kind        = "a100"
  size        = 1
  quota       = 32
  network_id  = platform_network.main.id
  owner       = "ranking"
  cost_centre = "cc-4024"
}

resource "platform_gpu_pool" "ranking_serve" {
  name        = "mono-ranking-serve"
  kind        = "l4"
  size        = 2
  quota       = 32
  network_id  = platform_network.main.id
  owner       = "ranking"
  cost_centre = "cc-4024"
}

resource "platform_artifact_bucket" "ranking_data" {
  name        = "acme-u1-mono-ranking-data"
  owner       = "ranking"
  cost_centre = "cc-4024"
}

resource "platform_artifact_bucket" "ranking_models" {
  name        = "acme-u1-mono-ranking-models"
  owner       = "ranking"
  cost_centre = "cc-4024"
}
