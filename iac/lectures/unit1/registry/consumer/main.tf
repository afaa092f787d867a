module "artifacts" {
  source  = "registry.acme.test/lecture/artifact-store/platform"
  version = "~> 1.0"
  team    = "vision"
}
