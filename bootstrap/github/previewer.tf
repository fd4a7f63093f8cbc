# Deploys and destroys previews of pull requests, the environments whose names begin with pr-, beside
# the default environment. It reaches no other environment.
locals {
  previews = "pr-*"
}

module "previewer" {
  source = "./policies"

  partition       = local.partition
  account         = local.account
  region          = var.aws_region
  environment     = local.previews
  state_bucket    = var.state_bucket
  state_key       = join("/", compact([trim(dirname(var.state_key), "."), local.previews, basename(var.state_key)]))
  lock_table      = var.lock_table
  table           = "${var.dynamodb_table_name}-${local.previews}"
  function        = "${var.lambda_function_name}-${local.previews}"
  boundary        = aws_iam_policy.preview_boundary.name
  former_boundary = aws_iam_policy.preview_boundary.name
}

resource "aws_iam_role" "previewer" {
  name                 = "${var.lambda_function_name}-previewer${local.global_suffix}"
  description          = "Deploys previews of pull requests of ${var.github_owner}/${var.github_repository}"
  assume_role_policy   = data.aws_iam_policy_document.previewer_trust.json
  max_session_duration = 3600
}

resource "aws_iam_policy" "preview_boundary" {
  name        = "${var.lambda_function_name}-previewer-boundary${local.global_suffix}"
  description = "The most that the roles ${var.lambda_function_name}-${local.previews} may do"
  policy      = module.previewer.boundary
}

resource "aws_iam_policy" "preview_read" {
  name        = "${var.lambda_function_name}-previewer-read${local.global_suffix}"
  description = "Reads previews of ${var.lambda_function_name}"
  policy      = module.previewer.read
}

resource "aws_iam_role_policy_attachment" "previewer_read" {
  role       = aws_iam_role.previewer.name
  policy_arn = aws_iam_policy.preview_read.arn
}

resource "aws_iam_role_policy" "previewer_backend" {
  name   = "backend"
  role   = aws_iam_role.previewer.name
  policy = module.previewer.backend
}

resource "aws_iam_role_policy" "previewer_write" {
  name   = "write"
  role   = aws_iam_role.previewer.name
  policy = module.previewer.write
}
