output "bucket" {
  description = "Name of the artifact bucket."
  value       = platform_artifact_bucket.bucket.name
}

output "gpus" {
  description = "GPUs of the pool."
  value       = platform_gpu_pool.pool.gpus
}
