# Upper limit of the permissions of the function's role. The deployer writes the policy of that role
# and deploys its code, so without a boundary it could gain any permission through the function.
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
