import {
  to = platform_artifact_bucket.legacy
  id = "acme-u1-made-by-hand"
}
