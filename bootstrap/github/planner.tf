resource "aws_iam_role" "planner" {
  name                 = "${var.lambda_function_name}-planner${local.global_suffix}"
  description          = "Plans for pull requests of ${var.github_owner}/${var.github_repository}"
  assume_role_policy   = data.aws_iam_policy_document.trust["planner"].json
  max_session_duration = 3600

  # A role from before names included the region keeps its name: a new one would replace it.
  lifecycle {
    ignore_changes = [name]
  }
}

resource "aws_iam_role_policy_attachment" "planner_read" {
  role       = aws_iam_role.planner.name
  policy_arn = aws_iam_policy.read.arn
}
