terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  # Bucket names are global: override this one with -backend-config="bucket=…".
  backend "s3" {
    bucket  = "task-tracker-terraform-state"
    key     = "infra/terraform.tfstate"
    region  = "eu-west-3"
    encrypt = true

    # Both locks: the table also has the digest of the state, so a deleted state object is an error
    # instead of a plan to create everything again.
    dynamodb_table = "terraform-locks"
    use_lockfile   = true
  }
}

provider "aws" {
  region            = var.aws_region
  s3_use_path_style = var.s3_use_path_style
  max_retries       = var.aws_max_retries

  default_tags {
    tags = merge(
      {
        Project   = "task-tracker"
        ManagedBy = "tt-ops"
      },
      local.is_default ? {} : { Environment = var.environment },
      var.temporary ? { Temporary = "true" } : {},
    )
  }
}
