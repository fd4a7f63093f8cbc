terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  # Bucket names are global: -backend-config="bucket=…" (or any other key) overrides what stands here.
  backend "s3" {
    bucket  = "task-tracker-terraform-state"
    key     = "infra/terraform.tfstate"
    region  = "eu-west-3"
    encrypt = true

    # Both locks on purpose: the table also keeps the state's digest, so a deleted state object is
    # an error instead of a plan to create everything anew.
    dynamodb_table = "terraform-locks"
    use_lockfile   = true
  }
}

provider "aws" {
  region            = var.aws_region
  s3_use_path_style = var.s3_use_path_style
  max_retries       = var.aws_max_retries

  default_tags {
    tags = {
      Project   = "task-tracker"
      ManagedBy = "tt-ops"
    }
  }
}
