resource "aws_lambda_function" "tracker" {
  # checkov:skip=CKV_AWS_50:traces cost money; each request has its duration in the log and in the metrics
  # checkov:skip=CKV_AWS_115:the API throttles, and new accounts have too small a quota to reserve from
  # checkov:skip=CKV_AWS_116:only synchronous invocations, which a dead-letter queue never sees
  # checkov:skip=CKV_AWS_117:it reaches DynamoDB and CloudWatch Logs only; a VPC would add endpoints billed by the hour
  # checkov:skip=CKV_AWS_173:no secret is in the environment, and a customer-managed key costs money
  # checkov:skip=CKV_AWS_272:the package is built from this repository and its checksum is verified; signing needs another profile and bucket
  function_name    = var.lambda_function_name
  description      = "HTTP API of the Task Tracker"
  role             = aws_iam_role.function.arn
  runtime          = "python3.12"
  handler          = "handler.lambda_handler"
  architectures    = [var.lambda_architecture]
  memory_size      = var.lambda_memory_size
  timeout          = 10
  filename         = var.package_s3_key == "" ? var.package_path : null
  s3_bucket        = var.package_s3_key == "" ? null : var.package_s3_bucket
  s3_key           = var.package_s3_key == "" ? null : var.package_s3_key
  source_code_hash = filebase64sha256(var.package_path)
  publish          = false

  environment {
    variables = {
      TASKS_TABLE_NAME    = aws_dynamodb_table.tasks.name
      TASKS_INDEX_NAME    = local.tasks_index
      TASKS_STATUS_SHARDS = tostring(var.dynamodb_status_shards)
    }
  }

  # Which code serves is a matter of releases: tt-ops uploads it, publishes a version and checks it.
  # Where the code is does not change with it; the provider needs to know to change the architecture.
  lifecycle {
    ignore_changes = [source_code_hash]
  }

  # The function may not create its log group, and must not run before it has its permissions.
  depends_on = [
    aws_cloudwatch_log_group.function,
    aws_iam_role_policy.function,
  ]
}

# The API invokes this alias. It is created on the code at hand; from its first release on, tt-ops
# points it to versions that were checked, and a rollback is one call that points it to an older one.
resource "aws_lambda_alias" "live" {
  name             = "live"
  description      = "The version that the API calls"
  function_name    = aws_lambda_function.tracker.function_name
  function_version = "$LATEST"

  lifecycle {
    ignore_changes = [function_version, routing_config]
  }
}

resource "aws_lambda_permission" "api" {
  statement_id  = "AllowApi"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.tracker.function_name
  qualifier     = aws_lambda_alias.live.name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.tracker.execution_arn}/*"
}
