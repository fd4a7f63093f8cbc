locals {
  # What tt-ops needs to operate the deployment. Increment schema if the meaning of a key changes.
  deployment = {
    schema         = 1
    region         = var.aws_region
    api_url        = aws_apigatewayv2_api.tracker.api_endpoint
    api_id         = aws_apigatewayv2_api.tracker.id
    api_auth       = aws_apigatewayv2_route.default.authorization_type
    function_name  = aws_lambda_function.tracker.function_name
    function_alias = aws_lambda_alias.live.name
    log_group      = aws_cloudwatch_log_group.function.name
    table_name     = aws_dynamodb_table.tasks.name
    dashboard_name = aws_cloudwatch_dashboard.tracker.dashboard_name
    topic_arn      = aws_sns_topic.alerts.arn
    alarm_names    = local.alarms[*].alarm_name
  }
}

# Read by tt-ops instead of the state: one call, from any machine.
resource "aws_ssm_parameter" "deployment" {
  # checkov:skip=CKV2_AWS_34:names and addresses, no secret; reading it should need no key
  name        = "${local.parameters}/deployment"
  description = "The Task Tracker's deployment, described for tt-ops"
  type        = "String"
  value       = jsonencode(merge(local.deployment, var.temporary ? { temporary = true } : {}))
}
