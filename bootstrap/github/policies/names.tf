# Each policy names what one environment has, or all whose names match a pattern.
locals {
  place = "${var.region}:${var.account}"

  # The resources of ../../ and ../../../terraform, by their names.
  bucket_arn       = "arn:${var.partition}:s3:::${var.state_bucket}"
  state_arn        = "${local.bucket_arn}/${var.state_key}"
  locks_arn        = "arn:${var.partition}:dynamodb:${local.place}:table/${var.lock_table}"
  table_arn        = "arn:${var.partition}:dynamodb:${local.place}:table/${var.table}"
  function_arn     = "arn:${var.partition}:lambda:${local.place}:function:${var.function}"
  topic_arn        = "arn:${var.partition}:sns:${local.place}:task-tracker-alerts${local.suffix}"
  description_arn  = "arn:${var.partition}:ssm:${local.place}:parameter${local.parameters}/deployment"
  state_record_arn = "arn:${var.partition}:ssm:${local.place}:parameter${local.parameters}/state"

  # A pattern of names, such as pr-*, stands for every environment that has one of them.
  is_pattern = strcontains(var.environment, "*")
  only       = local.is_pattern ? "ForAllValues:StringLike" : "ForAllValues:StringEquals"

  # As in ../../../terraform/names.tf; a deployment from before its names held the region keeps them.
  is_default    = var.environment == "default"
  suffix        = local.is_default ? "" : "-${var.environment}"
  parameters    = local.is_default ? "/task-tracker" : "/task-tracker/${var.environment}"
  global_suffix = local.is_default && var.region == "eu-west-3" ? "" : "-${var.region}"
  function_role_arns = [
    for end in distinct(["", local.global_suffix]) :
    "arn:${var.partition}:iam::${var.account}:role/${var.function}${end}"
  ]
  dashboard_arns = [
    for end in distinct(["", local.global_suffix]) :
    "arn:${var.partition}:cloudwatch::${var.account}:dashboard/task-tracker-dashboard${local.suffix}${end}"
  ]

  # Read from the alarms' own file, so that an added alarm needs no change here.
  alarm_names = flatten(regexall(
    "alarm_name\\s*=\\s*\"([^\"$]+)", file("${path.module}/../../../terraform/cloudwatch_alarms.tf")
  ))
  alarm_arns = [
    for name in local.alarm_names :
    "arn:${var.partition}:cloudwatch:${local.place}:alarm:${name}${local.suffix}"
  ]

  # The ARN of a log group ends with or without ":*", depending on the action.
  log_group_arns = flatten([
    for service in ["lambda", "apigateway"] : [
      for end in ["", ":*"] :
      "arn:${var.partition}:logs:${local.place}:log-group:/aws/${service}/${var.function}${end}"
    ]
  ])

  # API Gateway generates the ids of APIs, so they are not known in advance.
  api_gateway = "arn:${var.partition}:apigateway:${var.region}::"
  api_arns    = ["${local.api_gateway}/apis", "${local.api_gateway}/apis/*"]
}
