module "models" {
  source = "../.."
  team   = "vision"
}
