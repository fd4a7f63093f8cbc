data "aws_iam_policy_document" "function_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "function" {
  # TransactWriteItems has no action of its own: it needs PutItem.
  statement {
    sid = "Tasks"
    actions = [
      "dynamodb:DeleteItem",
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:UpdateItem",
    ]
    resources = [aws_dynamodb_table.tasks.arn]
  }

  statement {
    sid       = "Lists"
    actions   = ["dynamodb:Query"]
    resources = ["${aws_dynamodb_table.tasks.arn}/index/${local.tasks_index}"]
  }

  statement {
    sid = "Logs"
    actions = [
      "logs:CreateLogStream",
      "logs:PutLogEvents",
    ]
    resources = ["${aws_cloudwatch_log_group.function.arn}:*"]
  }
}

resource "aws_iam_role" "function" {
  name               = "${var.lambda_function_name}${local.global_suffix}"
  description        = "What the Task Tracker's function may do"
  assume_role_policy = data.aws_iam_policy_document.function_trust.json
  # Created by bootstrap/github; not needed without the role that deploys from GitHub Actions.
  permissions_boundary = var.function_permissions_boundary == "" ? null : var.function_permissions_boundary

  # A role from before names included the region keeps its name: a new one would replace it.
  lifecycle {
    ignore_changes = [name]
  }
}

resource "aws_iam_role_policy" "function" {
  name   = "tasks-and-logs"
  role   = aws_iam_role.function.name
  policy = data.aws_iam_policy_document.function.json
}
