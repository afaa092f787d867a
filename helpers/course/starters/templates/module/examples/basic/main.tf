module "@@LABEL@@" {
  source = "../.."
  team   = "vision"
}
