# Two teams side by side on the local cloud, made for real and destroyed again.
variables {
  environment = "dev"
  owner       = "platform@acme.test"
  cost_centre = "cc-4021"
}

run "vision" {
  state_key = "vision"

  variables {
    team = "vision"
  }

  assert {
    condition     = output.network != "" && platform_gpu_pool.this.gpus == 1
    error_message = "The workspace has a network and one GPU."
  }
}

run "speech" {
  state_key = "speech"

  variables {
    team         = "speech"
    network_cidr = "10.21.0.0/20"
  }

  assert {
    condition     = output.bucket != run.vision.bucket && output.network != run.vision.network
    error_message = "Two workspaces share nothing."
  }
}
