locals {
  issuer = "token.actions.githubusercontent.com"

  # How a subject begins: by names, and, in repositories that were made or renamed after July 15,
  # 2026 or have opted in, by names with ids.
  # https://docs.github.com/en/actions/reference/security/oidc#immutable-subject-claims
  repositories = [
    "repo:${var.github_owner}/${var.github_repository}",
    "repo:${var.github_owner}@${var.github_owner_id}/${var.github_repository}@${var.github_repository_id}",
  ]

  identity_provider_arn = (
    var.foreign_identity_provider
    ? one(data.aws_iam_openid_connect_provider.github[*].arn)
    : one(aws_iam_openid_connect_provider.github[*].arn)
  )
}

# An account has one identity provider for an issuer, so it may be somebody else's: then it is only
# looked up, and a destroy leaves it alone.
data "aws_iam_openid_connect_provider" "github" {
  count = var.foreign_identity_provider ? 1 : 0

  url = "https://${local.issuer}"
}

import {
  for_each = var.adopt_identity_provider ? toset(["arn:${local.partition}:iam::${local.account}:oidc-provider/${local.issuer}"]) : toset([])
  to       = aws_iam_openid_connect_provider.github[0]
  id       = each.key
}

# Without thumbprints: AWS trusts GitHub's certificates by its own list of authorities.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc_verify-thumbprint.html
resource "aws_iam_openid_connect_provider" "github" {
  count = var.foreign_identity_provider ? 0 : 1

  url            = "https://${local.issuer}"
  client_id_list = ["sts.amazonaws.com"]

  # By this tt-ops knows it for the one that this very state made.
  tags = {
    TerraformState = "${var.state_bucket}/${var.github_state_key}"
  }
}

# The subject of a job with an environment does not say its branch; the claim `ref` does, and AWS
# compares it since January 2026. `repository_id` keeps out whoever takes a name that became free.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
data "aws_iam_policy_document" "deployer_trust" {
  statement {
    sid     = "DeployJob"
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [local.identity_provider_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:aud"
      values   = ["sts.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:sub"
      values   = [for repository in local.repositories : "${repository}:environment:${var.github_environment}"]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:ref"
      values   = ["refs/heads/${var.github_branch}"]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:repository_id"
      values   = [var.github_repository_id]
    }
  }
}

data "aws_iam_policy_document" "planner_trust" {
  statement {
    sid     = "PullRequests"
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [local.identity_provider_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:aud"
      values   = ["sts.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:sub"
      values   = [for repository in local.repositories : "${repository}:pull_request"]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:repository_id"
      values   = [var.github_repository_id]
    }
  }
}
