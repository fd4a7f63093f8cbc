# The upper limit of the permissions of a function's role.
data "aws_iam_policy_document" "boundary" {
  statement {
    sid = "Tasks"
    actions = [
      "dynamodb:DeleteItem",
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:Query",
      "dynamodb:UpdateItem",
    ]
    resources = [local.table_arn, "${local.table_arn}/index/*"]
  }

  statement {
    sid       = "Logs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["arn:${var.partition}:logs:${local.place}:log-group:/aws/lambda/${var.function}:*"]
  }
}
