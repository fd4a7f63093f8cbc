resource "aws_iam_role" "deployer" {
  name                 = "${var.lambda_function_name}-deployer${local.global_suffix}"
  description          = "Deploys ${var.github_owner}/${var.github_repository} from ${var.github_branch}"
  assume_role_policy   = data.aws_iam_policy_document.trust["deployer"].json
  max_session_duration = 3600

  # A role from before names included the region keeps its name: a new one would replace it.
  lifecycle {
    ignore_changes = [name]
  }
}

resource "aws_iam_role_policy_attachment" "deployer_read" {
  role       = aws_iam_role.deployer.name
  policy_arn = aws_iam_policy.read.arn
}

resource "aws_iam_role_policy" "deployer_backend" {
  name   = "backend"
  role   = aws_iam_role.deployer.name
  policy = module.deployer.backend
}

resource "aws_iam_role_policy" "deployer_write" {
  name   = "write"
  role   = aws_iam_role.deployer.name
  policy = module.deployer.write
}
