# The state backend of ../terraform: bucket and lock table. Its own state starts as a local file,
# since there is no bucket yet.
terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  backend "local" {}
}

provider "aws" {
  region            = var.aws_region
  s3_use_path_style = var.s3_use_path_style

  default_tags {
    tags = {
      Project   = "task-tracker"
      ManagedBy = "tt-ops"
    }
  }
}

# Resources that are in the state are not imported again, so these variables may stay true.
import {
  for_each = var.adopt_bucket ? toset([var.state_bucket]) : toset([])
  to       = aws_s3_bucket.state
  id       = each.key
}

import {
  for_each = var.adopt_lock_table ? toset([var.lock_table]) : toset([])
  to       = aws_dynamodb_table.locks
  id       = each.key
}

resource "aws_s3_bucket" "state" {
  # checkov:skip=CKV_AWS_18:access logs need a second bucket; CloudTrail data events record the same
  # checkov:skip=CKV_AWS_144:versioning recovers a state; a copy in another region costs a second bucket and transfer
  # checkov:skip=CKV_AWS_145:a customer-managed key costs money; AWS encrypts with its own
  # checkov:skip=CKV2_AWS_62:no event is needed when a state is written
  bucket = var.state_bucket
}

resource "aws_s3_bucket_ownership_controls" "state" {
  bucket = aws_s3_bucket.state.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "state" {
  bucket                  = aws_s3_bucket.state.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "state" {
  bucket = aws_s3_bucket.state.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_versioning" "state" {
  bucket = aws_s3_bucket.state.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "state" {
  count = var.expire_old_versions ? 1 : 0

  bucket = aws_s3_bucket.state.id

  rule {
    id     = "expire-old-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 90
    }

    expiration {
      expired_object_delete_marker = true
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  # Each heartbeat of a deploy lock, and of those who wait for it, is a version. Locks are beside the
  # state of each environment, with which they share every prefix, but they are small. So are records
  # of releases and states that hold nothing, which have few versions: the newest ten stay.
  rule {
    id     = "expire-deploy-locks"
    status = "Enabled"

    filter {
      object_size_less_than = 1024
    }

    noncurrent_version_expiration {
      noncurrent_days           = 1
      newer_noncurrent_versions = 10
    }
  }

  # There are no old versions before versioning is enabled.
  depends_on = [aws_s3_bucket_versioning.state]
}

data "aws_iam_policy_document" "tls_only" {
  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.state.arn, "${aws_s3_bucket.state.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "state" {
  count = var.require_tls ? 1 : 0

  # S3 rejects a policy and a public access block that are set at the same time.
  bucket = aws_s3_bucket_public_access_block.state.bucket
  policy = data.aws_iam_policy_document.tls_only.json
}

resource "aws_dynamodb_table" "locks" {
  # checkov:skip=CKV_AWS_119:a customer-managed key costs money; AWS encrypts with its own
  name         = var.lock_table
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "LockID"

  attribute {
    name = "LockID"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }
}
