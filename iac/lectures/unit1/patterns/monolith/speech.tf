resource "platform_gpu_pool" "speech_train" {
  name        = "mono-speech-train"
  kind        = "a100"
  size        = 1
  quota       = 32
  network_id  = platform_network.main.id
  owner       = "speech"
  cost_centre = "cc-4023"
}

resource "platform_gpu_pool" "speech_serve" {
  name        = "mono-speech-serve"
  kind        = "l4"
  size        = 2
  quota       = 32
  network_id  = platform_network.main.id
  owner       = "speech"
  cost_centre = "cc-4023"
}

resource "platform_artifact_bucket" "speech_data" {
  name        = "acme-u1-mono-speech-data"
  owner       = "speech"
  cost_centre = "cc-4023"
}

resource "platform_artifact_bucket" "speech_models" {
  name        = "acme-u1-mono-speech-models"
  owner       = "speech"
  cost_centre = "cc-4023"
}
