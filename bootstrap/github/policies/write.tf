data "aws_iam_policy_document" "write" {
  # checkov:skip=CKV_AWS_109:the actions of the statement Unscoped support no ARN
  # checkov:skip=CKV_AWS_111:the actions of the statement Unscoped support no ARN
  # checkov:skip=CKV_AWS_356:the actions of the statement Unscoped support no ARN
  statement {
    sid = "TaskTable"
    actions = [
      "dynamodb:CreateTable",
      "dynamodb:DeleteTable",
      "dynamodb:TagResource",
      "dynamodb:UntagResource",
      "dynamodb:UpdateContinuousBackups",
      "dynamodb:UpdateTable",
      "dynamodb:UpdateTimeToLive",
    ]
    resources = [local.table_arn]
  }

  statement {
    sid = "Function"
    actions = [
      "lambda:AddPermission",
      "lambda:CreateAlias",
      "lambda:CreateFunction",
      "lambda:DeleteAlias",
      "lambda:DeleteFunction",
      "lambda:PublishVersion",
      "lambda:RemovePermission",
      "lambda:TagResource",
      "lambda:UntagResource",
      "lambda:UpdateAlias",
      "lambda:UpdateFunctionCode",
      "lambda:UpdateFunctionConfiguration",
    ]
    resources = [local.function_arn, "${local.function_arn}:*"]
  }

  # A new version is checked by its number, before it serves.
  statement {
    sid       = "FunctionVersions"
    actions   = ["lambda:InvokeFunction"]
    resources = ["${local.function_arn}:*"]
  }

  statement {
    sid = "FunctionRole"
    actions = [
      "iam:DeleteRole",
      "iam:DeleteRolePolicy",
      "iam:TagRole",
      "iam:UntagRole",
      "iam:UpdateRoleDescription",
    ]
    resources = local.function_role_arns
  }

  # Only with the boundary: no role is created without it, and none without it gets a policy.
  statement {
    sid = "FunctionRoleWithinBoundary"
    actions = [
      "iam:CreateRole",
      "iam:PutRolePermissionsBoundary",
      "iam:PutRolePolicy",
    ]
    resources = local.function_role_arns

    condition {
      test     = "StringEquals"
      variable = "iam:PermissionsBoundary"
      values   = [var.boundary_arns[0]]
    }
  }

  statement {
    sid       = "FunctionRoleToLambda"
    actions   = ["iam:PassRole"]
    resources = local.function_role_arns

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["lambda.amazonaws.com"]
    }
  }

  # The service-linked role of API Gateway, which the first API of an account creates.
  # https://docs.aws.amazon.com/apigateway/latest/developerguide/using-service-linked-roles.html
  statement {
    sid       = "ApiGatewayRole"
    actions   = ["iam:CreateServiceLinkedRole"]
    resources = ["arn:${var.partition}:iam::${var.account}:role/aws-service-role/ops.apigateway.amazonaws.com/AWSServiceRoleForAPIGateway"]

    condition {
      test     = "StringEquals"
      variable = "iam:AWSServiceName"
      values   = ["ops.apigateway.amazonaws.com"]
    }
  }

  dynamic "statement" {
    for_each = local.is_pattern ? [] : ["Api"]

    content {
      sid = statement.value
      actions = [
        "apigateway:DELETE",
        "apigateway:PATCH",
        "apigateway:POST",
        "apigateway:PUT",
        "apigateway:TagResource",
        "apigateway:UntagResource",
      ]
      resources = concat(local.api_arns, ["${local.api_gateway}/tags/*"])
    }
  }

  # `status` and the smoke check sign their requests with api_auth = AWS_IAM. The planner may not:
  # the route has all methods. The drills have routes of their own.
  dynamic "statement" {
    for_each = local.is_pattern ? [] : ["ApiCalls"]

    content {
      sid       = statement.value
      actions   = ["execute-api:Invoke"]
      resources = ["arn:${var.partition}:execute-api:${local.place}:*/$default/$default"]
    }
  }

  # The ARN of an API has no name, so the tag tells the environments of a pattern from the others.
  # Requests to APIs have no tags to compare.
  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagementv2.html
  dynamic "statement" {
    for_each = local.is_pattern ? ["NewApi"] : []

    content {
      sid     = statement.value
      actions = ["apigateway:POST", "apigateway:TagResource"]
      # The tags of what is being made, which has no id yet.
      resources = [
        "${local.api_gateway}/apis",
        "${local.api_gateway}/tags/${local.api_gateway}/apis",
        "${local.api_gateway}/tags/${local.api_gateway}/apis/*/stages",
      ]

      condition {
        test     = "StringLike"
        variable = "aws:RequestTag/Environment"
        values   = [var.environment]
      }
    }
  }

  dynamic "statement" {
    for_each = local.is_pattern ? ["OwnApi"] : []

    content {
      sid = statement.value
      actions = [
        "apigateway:DELETE",
        "apigateway:PATCH",
        "apigateway:POST",
        "apigateway:PUT",
        "apigateway:TagResource",
        "apigateway:UntagResource",
      ]
      resources = ["${local.api_gateway}/apis/*", "${local.api_gateway}/tags/*"]

      condition {
        test     = "StringLike"
        variable = "aws:ResourceTag/Environment"
        values   = [var.environment]
      }
    }
  }

  statement {
    sid = "Alarms"
    actions = [
      "cloudwatch:DeleteAlarms",
      "cloudwatch:TagResource",
      "cloudwatch:UntagResource",
    ]
    resources = local.alarm_arns
  }

  # Alarm actions can also stop or terminate instances and invoke functions.
  # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/iam-cw-condition-keys-alarm-actions.html
  statement {
    sid       = "AlarmsThatNotify"
    actions   = ["cloudwatch:PutMetricAlarm"]
    resources = local.alarm_arns

    condition {
      test     = local.only
      variable = "cloudwatch:AlarmActions"
      values   = [local.topic_arn]
    }
  }

  statement {
    sid       = "Dashboard"
    actions   = ["cloudwatch:DeleteDashboards", "cloudwatch:PutDashboard"]
    resources = local.dashboard_arns
  }

  statement {
    sid = "Logs"
    actions = [
      "logs:CreateLogGroup",
      "logs:DeleteLogGroup",
      "logs:DeleteRetentionPolicy",
      "logs:FilterLogEvents",
      "logs:PutRetentionPolicy",
      "logs:TagResource",
      "logs:UntagResource",
    ]
    resources = local.log_group_arns
  }

  statement {
    sid = "Topic"
    actions = [
      "sns:CreateTopic",
      "sns:DeleteTopic",
      "sns:SetTopicAttributes",
      "sns:Subscribe",
      "sns:TagResource",
      "sns:UntagResource",
    ]
    resources = [local.topic_arn]
  }

  statement {
    sid = "Description"
    actions = [
      "ssm:AddTagsToResource",
      "ssm:DeleteParameter",
      "ssm:PutParameter",
      "ssm:RemoveTagsFromResource",
    ]
    resources = [local.description_arn]
  }

  # Access logs of HTTP APIs are log deliveries; they, subscriptions and metrics support no ARN.
  # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html
  statement {
    sid = "Unscoped"
    actions = [
      "cloudwatch:GetMetricData",
      "logs:CreateLogDelivery",
      "logs:DeleteLogDelivery",
      "logs:DescribeResourcePolicies",
      "logs:GetLogDelivery",
      "logs:ListLogDeliveries",
      "logs:PutResourcePolicy",
      "logs:UpdateLogDelivery",
      "sns:Unsubscribe",
    ]
    resources = ["*"]
  }

  # A destroy only ends subscriptions.
  dynamic "statement" {
    for_each = local.is_pattern ? [] : ["Subscriptions"]

    content {
      sid       = statement.value
      actions   = ["sns:SetSubscriptionAttributes"]
      resources = ["*"]
    }
  }
}
