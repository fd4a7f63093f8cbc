# Who of GitHub Actions gets into this account, and what they may do in it. People apply this stack,
# never the roles in it: its state has a key of its own in the bucket that ../ makes.
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

    # Both, as in ../../terraform/main.tf.
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
  place     = "${var.aws_region}:${local.account}"

  # What ../ and ../../terraform make, under the names that they give.
  bucket_arn        = "arn:${local.partition}:s3:::${var.state_bucket}"
  state_arn         = "${local.bucket_arn}/${var.state_key}"
  locks_arn         = "arn:${local.partition}:dynamodb:${local.place}:table/${var.lock_table}"
  table_arn         = "arn:${local.partition}:dynamodb:${local.place}:table/${var.dynamodb_table_name}"
  function_arn      = "arn:${local.partition}:lambda:${local.place}:function:${var.lambda_function_name}"
  function_role_arn = "arn:${local.partition}:iam::${local.account}:role/${var.lambda_function_name}"
  topic_arn         = "arn:${local.partition}:sns:${local.place}:task-tracker-alerts"
  dashboard_arn     = "arn:${local.partition}:cloudwatch::${local.account}:dashboard/task-tracker-dashboard"
  description_arn   = "arn:${local.partition}:ssm:${local.place}:parameter/task-tracker/deployment"

  # The names from where the alarms are, so that one more there needs nothing here.
  alarm_names = flatten(regexall(
    "alarm_name\\s*=\\s*\"([^\"]+)\"", file("${path.module}/../../terraform/cloudwatch_alarms.tf")
  ))
  alarm_arns = [
    for name in local.alarm_names :
    "arn:${local.partition}:cloudwatch:${local.place}:alarm:${name}"
  ]

  # CloudWatch Logs names a group with and without the colon, depending on the action.
  log_group_arns = flatten([
    for service in ["lambda", "apigateway"] : [
      for end in ["", ":*"] :
      "arn:${local.partition}:logs:${local.place}:log-group:/aws/${service}/${var.lambda_function_name}${end}"
    ]
  ])

  # API Gateway makes up the ids of APIs, so they cannot be named beforehand.
  api_arns = [
    "arn:${local.partition}:apigateway:${var.aws_region}::/apis",
    "arn:${local.partition}:apigateway:${var.aws_region}::/apis/*",
  ]
}
