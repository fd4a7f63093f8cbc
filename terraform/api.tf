resource "aws_apigatewayv2_api" "tracker" {
  name          = var.lambda_function_name
  description   = "HTTP API of the Task Tracker"
  protocol_type = "HTTP"
}

resource "aws_apigatewayv2_integration" "function" {
  api_id                 = aws_apigatewayv2_api.tracker.id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_alias.live.invoke_arn
  payload_format_version = "2.0"
}

resource "aws_apigatewayv2_route" "default" {
  api_id             = aws_apigatewayv2_api.tracker.id
  route_key          = "$default"
  authorization_type = var.api_auth
  target             = "integrations/${aws_apigatewayv2_integration.function.id}"
}

# Fire drills raise real alarms, so API Gateway turns unsigned requests away whatever api_auth says.
resource "aws_apigatewayv2_route" "drill" {
  for_each = toset(["trigger-error", "trigger-slow"])

  api_id             = aws_apigatewayv2_api.tracker.id
  route_key          = "ANY /${each.key}"
  authorization_type = "AWS_IAM"
  target             = "integrations/${aws_apigatewayv2_integration.function.id}"
}

resource "aws_apigatewayv2_stage" "default" {
  api_id      = aws_apigatewayv2_api.tracker.id
  name        = "$default"
  auto_deploy = true

  default_route_settings {
    throttling_rate_limit  = var.api_throttle_rate
    throttling_burst_limit = var.api_throttle_burst
  }

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.api.arn

    format = jsonencode({
      requestId        = "$context.requestId"
      ip               = "$context.identity.sourceIp"
      method           = "$context.httpMethod"
      path             = "$context.path"
      routeKey         = "$context.routeKey"
      status           = "$context.status"
      latency          = "$context.responseLatency"
      integrationError = "$context.integrationErrorMessage"
    })
  }
}
