locals {
  issuer = "token.actions.githubusercontent.com"

  # The start of a subject: names, or names with ids for repositories that were created or renamed
  # after July 15, 2026 or have opted in.
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

# An account has one identity provider per issuer, which may belong to another stack: then it is
# only read, and a destroy does not delete it.
data "aws_iam_openid_connect_provider" "github" {
  count = var.foreign_identity_provider ? 1 : 0

  url = "https://${local.issuer}"
}

import {
  for_each = var.adopt_identity_provider ? toset(["arn:${local.partition}:iam::${local.account}:oidc-provider/${local.issuer}"]) : toset([])
  to       = aws_iam_openid_connect_provider.github[0]
  id       = each.key
}

# Without thumbprints: AWS verifies GitHub's certificates with its own list of authorities.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc_verify-thumbprint.html
resource "aws_iam_openid_connect_provider" "github" {
  count = var.foreign_identity_provider ? 0 : 1

  url            = "https://${local.issuer}"
  client_id_list = ["sts.amazonaws.com"]

  # tt-ops recognizes the identity provider of this state by it.
  tags = {
    TerraformState = "${var.state_bucket}/${var.github_state_key}"
  }
}

# A role is for one kind of job; the previewer is for the last two.
data "aws_iam_policy_document" "trust" {
  for_each = {
    deployer = { sid = "DeployJob", subject = "environment:${var.github_environment}" }
    planner  = { sid = "PullRequests", subject = "pull_request" }
    # Nightly jobs, of which one destroys previews that were left, run on the branch, without an
    # environment, whose reviewers would have to approve each.
    monitor = { sid = "NightlyJob", subject = "ref:refs/heads/${var.github_branch}" }
  }

  statement {
    sid     = each.value.sid
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
      values   = [for repository in local.repositories : "${repository}:${each.value.subject}"]
    }

    # The subject of a job with an environment does not contain its branch; this claim does, which
    # AWS supports since January 2026.
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
    dynamic "condition" {
      for_each = each.key == "deployer" ? ["refs/heads/${var.github_branch}"] : []

      content {
        test     = "StringEquals"
        variable = "${local.issuer}:ref"
        values   = [condition.value]
      }
    }

    # It rejects a repository that reuses the name.
    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:repository_id"
      values   = [var.github_repository_id]
    }
  }
}

data "aws_iam_policy_document" "previewer_trust" {
  source_policy_documents = [for role in ["planner", "monitor"] : data.aws_iam_policy_document.trust[role].json]
}
