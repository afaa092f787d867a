variable "team" {
  type        = string
  description = "Product team that owns the artifacts."
}
