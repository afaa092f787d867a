# What the inference service needs outside of the cluster. The drift job looks here every morning.
resource "platform_artifact_bucket" "models" {
  name  = "acme-gitops-inference-models"
  owner = "vision"
}

resource "platform_network" "inference" {
  name  = "gitops-inference"
  cidr  = "10.48.0.0/20"
  owner = "vision"
}
