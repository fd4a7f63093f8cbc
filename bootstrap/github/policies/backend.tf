# Write the state of the deployment, and read the bootstrap stack to find no changes in it. The
# bucket, the lock table and the state of this stack stay read-only.
data "aws_iam_policy_document" "backend" {
  statement {
    sid       = "WriteState"
    actions   = ["s3:PutObject"]
    resources = [local.state_arn]
  }

  statement {
    sid       = "DeployLock"
    actions   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
    resources = ["${local.state_arn}.deploy", "${local.state_arn}.deploy.waiting/*"]
  }

  # The records of releases, and packages too large for a request. Lambda reads a package with the
  # permissions of the caller.
  statement {
    sid       = "Releases"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${local.state_arn}.packages/*", "${local.state_arn}.releases/*"]
  }

  statement {
    sid       = "StateRecord"
    actions   = ["ssm:DeleteParameter", "ssm:PutParameter"]
    resources = [local.state_record_arn]
  }

  statement {
    sid       = "WriteStateDigest"
    actions   = ["dynamodb:DeleteItem", "dynamodb:PutItem"]
    resources = [local.locks_arn]

    condition {
      test     = local.only
      variable = "dynamodb:LeadingKeys"
      values   = ["${var.state_bucket}/${var.state_key}-md5"]
    }
  }

  statement {
    sid       = "BootstrapState"
    actions   = ["s3:GetObject"]
    resources = ["${local.bucket_arn}/bootstrap/terraform.tfstate"]
  }

  statement {
    sid = "Bucket"
    actions = [
      "s3:GetAccelerateConfiguration",
      "s3:GetBucketAcl",
      "s3:GetBucketCORS",
      "s3:GetBucketLogging",
      "s3:GetBucketObjectLockConfiguration",
      "s3:GetBucketOwnershipControls",
      "s3:GetBucketPolicy",
      "s3:GetBucketPublicAccessBlock",
      "s3:GetBucketRequestPayment",
      "s3:GetBucketTagging",
      "s3:GetBucketVersioning",
      "s3:GetBucketWebsite",
      "s3:GetEncryptionConfiguration",
      "s3:GetLifecycleConfiguration",
      "s3:GetReplicationConfiguration",
    ]
    resources = [local.bucket_arn]
  }

  statement {
    sid = "Locks"
    actions = [
      "dynamodb:DescribeContinuousBackups",
      "dynamodb:DescribeTimeToLive",
      "dynamodb:ListTagsOfResource",
    ]
    resources = [local.locks_arn]
  }
}
