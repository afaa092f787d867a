module "artifacts" {
  source = "../.."
  team   = "vision"
}
