output "bucket" {
  description = "Name of the bucket."
  value       = platform_artifact_bucket.this.name
}
