module "pool" {
  source = "../flat-pool"
  name   = "big-run"
  node   = 4
}
