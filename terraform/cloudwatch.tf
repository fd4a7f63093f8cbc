locals {
  dashboard_widgets = [
    {
      title = "Invocations & Errors"
      metrics = [
        ["Invocations", { stat = "Sum" }],
        ["Errors", { stat = "Sum", color = "#d62728" }],
      ]
    },
    {
      title = "Duration"
      metrics = [
        ["Duration", { stat = "Average", label = "average" }],
        ["Duration", { stat = "p95", label = "p95" }],
        ["Duration", { stat = "Maximum", label = "maximum" }],
      ]
    },
    {
      title = "Throttles & ConcurrentExecutions"
      metrics = [
        ["Throttles", { stat = "Sum" }],
        ["ConcurrentExecutions", { stat = "Maximum" }],
      ]
    },
  ]
}

resource "aws_cloudwatch_log_group" "function" {
  # checkov:skip=CKV_AWS_158:a customer-managed key costs money; AWS encrypts with its own
  # checkov:skip=CKV_AWS_338:log_retention_days decides; a year of logs costs money
  name              = "/aws/lambda/${var.lambda_function_name}"
  retention_in_days = var.log_retention_days
}

resource "aws_cloudwatch_log_group" "api" {
  # checkov:skip=CKV_AWS_158:a customer-managed key costs money; AWS encrypts with its own
  # checkov:skip=CKV_AWS_338:log_retention_days decides; a year of logs costs money
  name              = "/aws/apigateway/${var.lambda_function_name}"
  retention_in_days = var.log_retention_days
}

resource "aws_cloudwatch_dashboard" "tracker" {
  dashboard_name = "task-tracker-dashboard${local.suffix}${local.global_suffix}"

  dashboard_body = jsonencode({
    widgets = [for i, widget in local.dashboard_widgets : {
      type   = "metric"
      x      = 8 * i
      y      = 0
      width  = 8
      height = 6
      properties = {
        title  = widget.title
        region = var.aws_region
        view   = "timeSeries"
        period = 60
        metrics = [for metric in widget.metrics :
          ["AWS/Lambda", metric[0], "FunctionName", aws_lambda_function.tracker.function_name, metric[1]]
        ]
      }
    }]
  })

  # A dashboard from before names included the region keeps its name: a new one would replace it.
  lifecycle {
    ignore_changes = [dashboard_name]
  }
}
