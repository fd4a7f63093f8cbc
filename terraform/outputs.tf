output "schema" {
  description = "Version of this description."
  value       = local.deployment.schema
}

output "region" {
  description = "AWS region of the deployment."
  value       = local.deployment.region
}

output "api_url" {
  description = "Address of the HTTP API."
  value       = local.deployment.api_url
}

output "api_id" {
  description = "Identifier of the HTTP API."
  value       = local.deployment.api_id
}

output "api_auth" {
  description = "Who may call the API: NONE, AWS_IAM or JWT."
  value       = local.deployment.api_auth
}

output "function_name" {
  description = "Name of the function."
  value       = local.deployment.function_name
}

output "function_alias" {
  description = "Alias of the function that the API calls."
  value       = local.deployment.function_alias
}

output "log_group" {
  description = "Log group of the function."
  value       = local.deployment.log_group
}

output "table_name" {
  description = "Name of the table of tasks."
  value       = local.deployment.table_name
}

output "dashboard_name" {
  description = "Name of the CloudWatch dashboard."
  value       = local.deployment.dashboard_name
}

output "alarm_names" {
  description = "Names of the alarms."
  value       = local.deployment.alarm_names
}

output "topic_arn" {
  description = "ARN of the topic that the alarms notify."
  value       = local.deployment.topic_arn
}
