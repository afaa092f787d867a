variable "teams" {
  type        = map(string)
  description = "Team name -> cost centre."
  default     = { ranking = "cc-4024", speech = "cc-4023", vision = "cc-4022" }
}

resource "platform_team_account" "team" {
  for_each    = var.teams
  name        = "u1-${each.key}"
  email       = "u1-${each.key}@acme.test"
  owner       = each.key
  cost_centre = each.value
}

output "account_ids" {
  description = "Account id by team."
  value       = { for team, account in platform_team_account.team : team => account.account_id }
}

output "role_arns" {
  description = "Role through which the platform team works in the account, by team."
  value       = { for team, account in platform_team_account.team : team => account.provisioner_role_arn }
}
