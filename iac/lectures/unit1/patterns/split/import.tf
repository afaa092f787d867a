import {
  to = module.workspace.platform_gpu_pool.train
  id = "mono-vision-train"
}

import {
  to = module.workspace.platform_gpu_pool.serve
  id = "mono-vision-serve"
}

import {
  to = module.workspace.platform_artifact_bucket.data
  id = "acme-u1-mono-vision-data"
}

import {
  to = module.workspace.platform_artifact_bucket.models
  id = "acme-u1-mono-vision-models"
}
