output "deployer_role_arn" {
  description = "Role of the deploy job: the repository's variable AWS_ROLE_ARN."
  value       = aws_iam_role.deployer.arn
}

output "planner_role_arn" {
  description = "Role of plans for pull requests: the repository's variable AWS_PLAN_ROLE_ARN."
  value       = aws_iam_role.planner.arn
}
