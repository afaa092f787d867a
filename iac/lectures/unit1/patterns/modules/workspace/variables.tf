variable "team" {
  type        = string
  description = "Product team that owns the workspace."
}

variable "cost_centre" {
  type        = string
  description = "Cost centre that pays."
}

variable "network_id" {
  type        = string
  description = "Network to place the pools in."
}

variable "gpu_quota" {
  type        = number
  description = "Most GPUs the team may hold."
}

variable "train_nodes" {
  type        = number
  description = "Training nodes, eight GPUs each."
  default     = 1
}

variable "serve_nodes" {
  type        = number
  description = "Inference nodes, one GPU each."
  default     = 2
}

variable "prefix" {
  type        = string
  description = "Put before every name, for a second platform in the same account."
  default     = ""
}
