resource "platform_gpu_pool" "vision_train" {
  name        = "mono-vision-train"
  kind        = "a100"
  size        = 1
  quota       = 32
  network_id  = platform_network.main.id
  owner       = "vision"
  cost_centre = "cc-4022"
}

resource "platform_gpu_pool" "vision_serve" {
  name        = "mono-vision-serve"
  kind        = "l4"
  size        = 2
  quota       = 32
  network_id  = platform_network.main.id
  owner       = "vision"
  cost_centre = "cc-4022"
}

resource "platform_artifact_bucket" "vision_data" {
  name        = "acme-u1-mono-vision-data"
  owner       = "vision"
  cost_centre = "cc-4022"
}

resource "platform_artifact_bucket" "vision_models" {
  name        = "acme-u1-mono-vision-models"
  owner       = "vision"
  cost_centre = "cc-4022"
}
