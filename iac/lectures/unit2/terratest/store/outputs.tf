output "bucket" {
  description = "Name of the bucket."
  value       = platform_artifact_bucket.this.name
}

output "expire_days" {
  description = "After how many days models are deleted."
  value       = platform_artifact_bucket.this.expire_days
}
