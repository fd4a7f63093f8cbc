data "aws_iam_policy_document" "read" {
  # checkov:skip=CKV_AWS_356:the actions of the statement Unscoped only read, and support no ARN
  statement {
    sid       = "Backend"
    actions   = ["s3:ListBucket", "s3:ListBucketVersions"]
    resources = [local.bucket_arn]
  }

  statement {
    sid       = "State"
    actions   = ["s3:GetObject"]
    resources = [local.state_arn, "${local.state_arn}.deploy", "${local.state_arn}.releases/*"]
  }

  statement {
    sid       = "StateVersions"
    actions   = ["s3:GetObjectVersion"]
    resources = [local.state_arn]
  }

  statement {
    sid       = "StateLockFile"
    actions   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
    resources = ["${local.state_arn}.tflock"]
  }

  # Items are always read by key, so the set of ForAllValues is never empty.
  statement {
    sid       = "StateDigest"
    actions   = ["dynamodb:GetItem"]
    resources = [local.locks_arn]

    condition {
      test     = local.only
      variable = "dynamodb:LeadingKeys"
      values   = ["${var.state_bucket}/${var.state_key}-md5"]
    }
  }

  statement {
    sid       = "StateLock"
    actions   = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem"]
    resources = [local.locks_arn]

    condition {
      test     = local.only
      variable = "dynamodb:LeadingKeys"
      values   = ["${var.state_bucket}/${var.state_key}"]
    }
  }

  statement {
    sid       = "LockTable"
    actions   = ["dynamodb:DescribeTable"]
    resources = [local.locks_arn]
  }

  statement {
    sid = "TaskTable"
    actions = [
      "dynamodb:DescribeContinuousBackups",
      "dynamodb:DescribeTable",
      "dynamodb:DescribeTimeToLive",
      "dynamodb:ListTagsOfResource",
    ]
    resources = [local.table_arn]
  }

  statement {
    sid = "Function"
    actions = [
      "lambda:GetAlias",
      "lambda:GetFunction",
      "lambda:GetFunctionCodeSigningConfig",
      "lambda:GetFunctionConfiguration",
      "lambda:GetPolicy",
      "lambda:ListTags",
      "lambda:ListVersionsByFunction",
    ]
    resources = [local.function_arn, "${local.function_arn}:*"]
  }

  statement {
    sid = "FunctionRole"
    actions = [
      "iam:GetRole",
      "iam:GetRolePolicy",
      "iam:ListAttachedRolePolicies",
      "iam:ListInstanceProfilesForRole",
      "iam:ListRolePolicies",
    ]
    resources = local.function_role_arns
  }

  statement {
    sid       = "Boundary"
    actions   = ["iam:GetPolicy"]
    resources = var.boundary_arns
  }

  statement {
    sid       = "Api"
    actions   = ["apigateway:GET"]
    resources = local.api_arns
  }

  statement {
    sid       = "Alarms"
    actions   = ["cloudwatch:ListTagsForResource"]
    resources = local.alarm_arns
  }

  statement {
    sid       = "Dashboard"
    actions   = ["cloudwatch:GetDashboard"]
    resources = local.dashboard_arns
  }

  statement {
    sid       = "Logs"
    actions   = ["logs:ListTagsForResource"]
    resources = local.log_group_arns
  }

  statement {
    sid       = "Topic"
    actions   = ["sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic", "sns:ListTagsForResource"]
    resources = [local.topic_arn]
  }

  statement {
    sid       = "Description"
    actions   = ["ssm:GetParameter", "ssm:GetParameters", "ssm:ListTagsForResource"]
    resources = [local.description_arn]
  }

  statement {
    sid       = "StateRecord"
    actions   = ["ssm:GetParameterHistory", "ssm:GetParameters"]
    resources = [local.state_record_arn]
  }

  # Lists and subscriptions support no ARN.
  # https://docs.aws.amazon.com/service-authorization/latest/reference/
  statement {
    sid = "Unscoped"
    actions = [
      "cloudwatch:DescribeAlarmHistory",
      "cloudwatch:DescribeAlarms",
      "cloudwatch:ListAlarmMuteRules",
      "logs:DescribeLogGroups",
      "sns:GetSubscriptionAttributes",
      "ssm:DescribeParameters",
      "tag:GetResources",
    ]
    resources = ["*"]
  }
}
