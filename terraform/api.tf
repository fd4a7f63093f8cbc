locals {
  scope_read  = "${var.jwt_scope_prefix}tasks:read"
  scope_write = "${var.jwt_scope_prefix}tasks:write"

  # Scopes belong to routes, so each method has one. OPTIONS and unknown methods use $default.
  method_scopes = {
    GET    = local.scope_read
    HEAD   = local.scope_read
    POST   = local.scope_write
    PUT    = local.scope_write
    PATCH  = local.scope_write
    DELETE = local.scope_write
  }

  # Public even with JWT: monitors and the check of a release have no token, and a browser sends its
  # preflight request (OPTIONS) without one.
  public_routes = concat(
    var.api_auth == "JWT" ? ["GET /health", "HEAD /health"] : [],
    length(var.cors_origins) > 0 ? ["OPTIONS /{proxy+}"] : [],
  )
}

resource "aws_apigatewayv2_api" "tracker" {
  name          = var.lambda_function_name
  description   = "HTTP API of the Task Tracker"
  protocol_type = "HTTP"

  dynamic "cors_configuration" {
    for_each = length(var.cors_origins) > 0 ? [var.cors_origins] : []

    content {
      allow_origins  = cors_configuration.value
      allow_methods  = keys(local.method_scopes)
      expose_headers = ["etag", "link", "location", "retry-after"]
      max_age        = 3600

      allow_headers = concat(
        ["authorization", "content-type", "idempotency-key", "if-match", "if-none-match"],
        var.api_auth == "AWS_IAM" ? ["x-amz-content-sha256", "x-amz-date", "x-amz-security-token"] : [],
      )
    }
  }
}

resource "aws_apigatewayv2_integration" "function" {
  api_id                 = aws_apigatewayv2_api.tracker.id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_alias.live.invoke_arn
  payload_format_version = "2.0"
}

resource "aws_apigatewayv2_authorizer" "jwt" {
  count = var.api_auth == "JWT" ? 1 : 0

  api_id           = aws_apigatewayv2_api.tracker.id
  name             = "jwt"
  authorizer_type  = "JWT"
  identity_sources = ["$request.header.Authorization"]

  jwt_configuration {
    issuer   = var.jwt_issuer
    audience = var.jwt_audience
  }

  # API Gateway deletes an authorizer only if no route refers to it.
  lifecycle {
    create_before_destroy = true
  }
}

# With JWT it requires the stronger scope, since it serves whatever the routes below do not.
resource "aws_apigatewayv2_route" "default" {
  # checkov:skip=CKV_AWS_309:api_auth decides who may call; every deploy of an API with NONE says that it is public
  api_id               = aws_apigatewayv2_api.tracker.id
  route_key            = "$default"
  authorization_type   = var.api_auth
  authorizer_id        = one(aws_apigatewayv2_authorizer.jwt[*].id)
  authorization_scopes = var.api_auth == "JWT" ? [local.scope_write] : null
  target               = "integrations/${aws_apigatewayv2_integration.function.id}"
}

resource "aws_apigatewayv2_route" "method" {
  for_each = var.api_auth == "JWT" ? local.method_scopes : {}

  api_id               = aws_apigatewayv2_api.tracker.id
  route_key            = "${each.key} /{proxy+}"
  authorization_type   = "JWT"
  authorizer_id        = one(aws_apigatewayv2_authorizer.jwt[*].id)
  authorization_scopes = [each.value]
  target               = "integrations/${aws_apigatewayv2_integration.function.id}"
}

resource "aws_apigatewayv2_route" "public" {
  # checkov:skip=CKV_AWS_309:monitors and browser preflights have no credentials; these routes reach no task
  for_each = toset(local.public_routes)

  api_id             = aws_apigatewayv2_api.tracker.id
  route_key          = each.key
  authorization_type = "NONE"
  target             = "integrations/${aws_apigatewayv2_integration.function.id}"
}

# Fire drills set off real alarms, so they need signed requests with any api_auth.
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
      authorizerError  = "$context.authorizer.error"
    })
  }
}
