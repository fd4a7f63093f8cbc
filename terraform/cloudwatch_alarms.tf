# All alarms of the deployment: they may publish to the topic, and tt-ops shows them.
locals {
  alarms = [
    aws_cloudwatch_metric_alarm.errors,
    aws_cloudwatch_metric_alarm.duration,
  ]
}

# Not encrypted: CloudWatch may not publish with alias/aws/sns, and the mail is silently lost.
resource "aws_sns_topic" "alerts" {
  # checkov:skip=CKV_AWS_26:CloudWatch cannot publish with the free key alias/aws/sns, and the mail is silently lost; a customer-managed key costs money
  name = "task-tracker-alerts${local.suffix}"
}

# Not for a temporary environment: each would send the address a mail to confirm.
resource "aws_sns_topic_subscription" "email" {
  count = var.temporary ? 0 : 1

  topic_arn = aws_sns_topic.alerts.arn
  protocol  = "email"
  endpoint  = var.alert_email
}

resource "aws_sns_topic_policy" "alerts" {
  arn    = aws_sns_topic.alerts.arn
  policy = data.aws_iam_policy_document.alerts.json
}

data "aws_iam_policy_document" "alerts" {
  statement {
    sid       = "Alarms"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alerts.arn]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = local.alarms[*].arn
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  alarm_name          = "LambdaErrorAlarm${local.suffix}"
  alarm_description   = "The Task Tracker's function failed at least once within a minute."
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 60
  evaluation_periods  = 1
  datapoints_to_alarm = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
  ok_actions          = [aws_sns_topic.alerts.arn]

  dimensions = {
    FunctionName = aws_lambda_function.tracker.function_name
  }
}

resource "aws_cloudwatch_metric_alarm" "duration" {
  alarm_name          = "LambdaDurationAlarm${local.suffix}"
  alarm_description   = "An invocation of the Task Tracker's function took longer than a second."
  namespace           = "AWS/Lambda"
  metric_name         = "Duration"
  statistic           = "Maximum" # in an average, fast requests hide the slow ones
  comparison_operator = "GreaterThanThreshold"
  threshold           = 1000
  period              = 60
  evaluation_periods  = 1
  datapoints_to_alarm = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
  ok_actions          = [aws_sns_topic.alerts.arn]

  dimensions = {
    FunctionName = aws_lambda_function.tracker.function_name
  }
}
