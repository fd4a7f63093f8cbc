resource "aws_iam_role" "deployer" {
  name                 = "${var.lambda_function_name}-deployer"
  description          = "Deploys ${var.github_owner}/${var.github_repository} from ${var.github_branch}"
  assume_role_policy   = data.aws_iam_policy_document.deployer_trust.json
  max_session_duration = 3600
}

resource "aws_iam_role_policy_attachment" "deployer_read" {
  role       = aws_iam_role.deployer.name
  policy_arn = aws_iam_policy.read.arn
}

resource "aws_iam_role_policy" "deployer_backend" {
  name   = "backend"
  role   = aws_iam_role.deployer.name
  policy = data.aws_iam_policy_document.deployer_backend.json
}

resource "aws_iam_role_policy" "deployer_write" {
  name   = "write"
  role   = aws_iam_role.deployer.name
  policy = data.aws_iam_policy_document.deployer_write.json
}

# Write the state of the deployment, and read the bootstrap stack to find no changes in it. The
# bucket, the lock table and the state of this stack stay read-only.
data "aws_iam_policy_document" "deployer_backend" {
  statement {
    sid       = "WriteState"
    actions   = ["s3:PutObject"]
    resources = [local.state_arn]
  }

  statement {
    sid       = "DeployLock"
    actions   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
    resources = ["${local.state_arn}.deploy", "${local.state_arn}.deploy.waiting/*"]
  }

  # The records of releases, and packages too large for a request. Lambda reads a package with the
  # permissions of the caller.
  statement {
    sid       = "Releases"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${local.state_arn}.packages/*", "${local.state_arn}.releases/*"]
  }

  statement {
    sid       = "StateRecord"
    actions   = ["ssm:DeleteParameter", "ssm:PutParameter"]
    resources = [local.state_record_arn]
  }

  statement {
    sid       = "WriteStateDigest"
    actions   = ["dynamodb:DeleteItem", "dynamodb:PutItem"]
    resources = [local.locks_arn]

    condition {
      test     = "ForAllValues:StringEquals"
      variable = "dynamodb:LeadingKeys"
      values   = ["${var.state_bucket}/${var.state_key}-md5"]
    }
  }

  statement {
    sid       = "BootstrapState"
    actions   = ["s3:GetObject"]
    resources = ["${local.bucket_arn}/bootstrap/terraform.tfstate"]
  }

  statement {
    sid = "Bucket"
    actions = [
      "s3:GetAccelerateConfiguration",
      "s3:GetBucketAcl",
      "s3:GetBucketCORS",
      "s3:GetBucketLogging",
      "s3:GetBucketObjectLockConfiguration",
      "s3:GetBucketOwnershipControls",
      "s3:GetBucketPolicy",
      "s3:GetBucketPublicAccessBlock",
      "s3:GetBucketRequestPayment",
      "s3:GetBucketTagging",
      "s3:GetBucketVersioning",
      "s3:GetBucketWebsite",
      "s3:GetEncryptionConfiguration",
      "s3:GetLifecycleConfiguration",
      "s3:GetReplicationConfiguration",
    ]
    resources = [local.bucket_arn]
  }

  statement {
    sid = "Locks"
    actions = [
      "dynamodb:DescribeContinuousBackups",
      "dynamodb:DescribeTimeToLive",
      "dynamodb:ListTagsOfResource",
    ]
    resources = [local.locks_arn]
  }
}

data "aws_iam_policy_document" "deployer_write" {
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
      values   = [aws_iam_policy.function_boundary.arn]
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
    resources = ["arn:${local.partition}:iam::${local.account}:role/aws-service-role/ops.apigateway.amazonaws.com/AWSServiceRoleForAPIGateway"]

    condition {
      test     = "StringEquals"
      variable = "iam:AWSServiceName"
      values   = ["ops.apigateway.amazonaws.com"]
    }
  }

  statement {
    sid = "Api"
    actions = [
      "apigateway:DELETE",
      "apigateway:PATCH",
      "apigateway:POST",
      "apigateway:PUT",
      "apigateway:TagResource",
      "apigateway:UntagResource",
    ]
    resources = concat(local.api_arns, ["arn:${local.partition}:apigateway:${var.aws_region}::/tags/*"])
  }

  # `status` and the smoke check sign their requests with api_auth = AWS_IAM. The planner may not:
  # the route has all methods. The drills have routes of their own.
  statement {
    sid       = "ApiCalls"
    actions   = ["execute-api:Invoke"]
    resources = ["arn:${local.partition}:execute-api:${local.place}:*/$default/$default"]
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
      test     = "ForAllValues:StringEquals"
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
      "sns:SetSubscriptionAttributes",
      "sns:Unsubscribe",
    ]
    resources = ["*"]
  }
}
