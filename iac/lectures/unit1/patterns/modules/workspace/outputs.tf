output "buckets" {
  description = "Names of the buckets, by purpose."
  value       = { data = platform_artifact_bucket.data.name, models = platform_artifact_bucket.models.name }
}

output "hourly_cost_usd" {
  description = "What the pools cost for an hour, in US dollars."
  value       = platform_gpu_pool.train.hourly_cost_usd + platform_gpu_pool.serve.hourly_cost_usd
}
