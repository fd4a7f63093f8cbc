# Which GitHub Actions workflows may assume roles in this account, and what the roles may do. Apply
# this stack as an administrator: its roles may not. Its state has its own key in the bucket of ../.
terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  backend "s3" {
    bucket  = "task-tracker-terraform-state"
    key     = "infra/github.tfstate"
    region  = "eu-west-3"
    encrypt = true

    # Both locks, as in ../../terraform/main.tf.
    dynamodb_table = "terraform-locks"
    use_lockfile   = true
  }
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

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  partition = data.aws_partition.current.partition
  account   = data.aws_caller_identity.current.account_id

  # As in ../../terraform/names.tf: names of roles and policies are unique across regions.
  global_suffix = var.aws_region == "eu-west-3" ? "" : "-${var.aws_region}"
}

module "deployer" {
  source = "./policies"

  partition       = local.partition
  account         = local.account
  region          = var.aws_region
  environment     = "default"
  state_bucket    = var.state_bucket
  state_key       = var.state_key
  lock_table      = var.lock_table
  table           = var.dynamodb_table_name
  function        = var.lambda_function_name
  boundary        = aws_iam_policy.function_boundary.name
  former_boundary = "${var.lambda_function_name}-boundary"
}
