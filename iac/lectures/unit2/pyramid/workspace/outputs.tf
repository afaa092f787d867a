output "bucket" {
  description = "Bucket of the checkpoints."
  value       = platform_artifact_bucket.this.name
}

output "pool" {
  description = "Name of the GPU pool."
  value       = platform_gpu_pool.this.name
}

output "network" {
  description = "Id of the network."
  value       = platform_network.this.id
}
