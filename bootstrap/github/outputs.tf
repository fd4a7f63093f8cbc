output "deployer_role_arn" {
  description = "Role of the deploy job, for the repository variable AWS_ROLE_ARN."
  value       = aws_iam_role.deployer.arn
}

output "planner_role_arn" {
  description = "Role of plans for pull requests, for the repository variable AWS_PLAN_ROLE_ARN."
  value       = aws_iam_role.planner.arn
}

output "previewer_role_arn" {
  description = "Role of previews of pull requests, for the repository variable AWS_PREVIEW_ROLE_ARN."
  value       = aws_iam_role.previewer.arn
}

output "monitor_role_arn" {
  description = "Role of the nightly job that monitors the deployment, for the repository variable AWS_MONITOR_ROLE_ARN."
  value       = aws_iam_role.monitor.arn
}
