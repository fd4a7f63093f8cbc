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
  place     = "${var.aws_region}:${local.account}"

  # The resources of ../ and ../../terraform, by their names.
  bucket_arn       = "arn:${local.partition}:s3:::${var.state_bucket}"
  state_arn        = "${local.bucket_arn}/${var.state_key}"
  locks_arn        = "arn:${local.partition}:dynamodb:${local.place}:table/${var.lock_table}"
  table_arn        = "arn:${local.partition}:dynamodb:${local.place}:table/${var.dynamodb_table_name}"
  function_arn     = "arn:${local.partition}:lambda:${local.place}:function:${var.lambda_function_name}"
  topic_arn        = "arn:${local.partition}:sns:${local.place}:task-tracker-alerts${local.suffix}"
  description_arn  = "arn:${local.partition}:ssm:${local.place}:parameter${local.parameters}/deployment"
  state_record_arn = "arn:${local.partition}:ssm:${local.place}:parameter${local.parameters}/state"

  # As in ../../terraform/names.tf; a deployment from before its names held the region keeps them.
  is_default    = var.environment == "default"
  suffix        = local.is_default ? "" : "-${var.environment}"
  parameters    = local.is_default ? "/task-tracker" : "/task-tracker/${var.environment}"
  global_suffix = local.is_default && var.aws_region == "eu-west-3" ? "" : "-${var.aws_region}"
  function_role_arns = [
    for end in distinct(["", local.global_suffix]) :
    "arn:${local.partition}:iam::${local.account}:role/${var.lambda_function_name}${end}"
  ]
  dashboard_arns = [
    for end in distinct(["", local.global_suffix]) :
    "arn:${local.partition}:cloudwatch::${local.account}:dashboard/task-tracker-dashboard${local.suffix}${end}"
  ]

  # Read from the alarms' own file, so that an added alarm needs no change here.
  alarm_names = flatten(regexall(
    "alarm_name\\s*=\\s*\"([^\"$]+)", file("${path.module}/../../terraform/cloudwatch_alarms.tf")
  ))
  alarm_arns = [
    for name in local.alarm_names :
    "arn:${local.partition}:cloudwatch:${local.place}:alarm:${name}${local.suffix}"
  ]

  # The ARN of a log group ends with or without ":*", depending on the action.
  log_group_arns = flatten([
    for service in ["lambda", "apigateway"] : [
      for end in ["", ":*"] :
      "arn:${local.partition}:logs:${local.place}:log-group:/aws/${service}/${var.lambda_function_name}${end}"
    ]
  ])

  # API Gateway generates the ids of APIs, so they are not known in advance.
  api_arns = [
    "arn:${local.partition}:apigateway:${var.aws_region}::/apis",
    "arn:${local.partition}:apigateway:${var.aws_region}::/apis/*",
  ]
}
