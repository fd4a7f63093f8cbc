# The most that the function's role may ever do. The deployer writes that role's policy and runs its
# code, so without a boundary it could give itself anything by way of the function.
data "aws_iam_policy_document" "function_boundary" {
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
    resources = ["arn:${local.partition}:logs:${local.place}:log-group:/aws/lambda/${var.lambda_function_name}:*"]
  }
}

resource "aws_iam_policy" "function_boundary" {
  name        = "${var.lambda_function_name}-boundary"
  description = "The most that the role ${var.lambda_function_name} may do"
  policy      = data.aws_iam_policy_document.function_boundary.json
}
