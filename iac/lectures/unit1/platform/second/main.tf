# Another root module, perhaps another repository: its author does not know the first pool.
resource "platform_gpu_pool" "night" {
  name        = "u1-vision-night"
  kind        = "h100"
  size        = 2
  quota       = 16
  owner       = "vision-u1"
  cost_centre = "cc-4022"
}
