# Looks for drift every night and proves the alarms every week: it reads what a plan reads, sets off
# drills, and stores their record.
resource "aws_iam_role" "monitor" {
  name                 = "${var.lambda_function_name}-monitor${local.global_suffix}"
  description          = "Monitors the deployment for ${var.github_owner}/${var.github_repository}"
  assume_role_policy   = data.aws_iam_policy_document.trust["monitor"].json
  max_session_duration = 3600
}

resource "aws_iam_role_policy_attachment" "monitor_read" {
  role       = aws_iam_role.monitor.name
  policy_arn = aws_iam_policy.read.arn
}

resource "aws_iam_role_policy" "monitor_drill" {
  name   = "drill"
  role   = aws_iam_role.monitor.name
  policy = module.deployer.drill
}
