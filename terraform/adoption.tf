# What exists and is in no state, as after a deploy that was killed: tt-ops finds it by name and tag
# and passes its import id in var.adopt, by address. What is in the state is not imported again, and
# a resource that the configuration does not have is left alone. A subscription that is pending has
# no id yet, so it is the only resource without an import.

import {
  for_each = setintersection(keys(var.adopt), ["aws_iam_role.function"])
  to       = aws_iam_role.function
  id       = var.adopt[each.key]
}

import {
  for_each = setintersection(keys(var.adopt), ["aws_iam_role_policy.function"])
  to       = aws_iam_role_policy.function
  id       = var.adopt[each.key]
}

import {
  for_each = setintersection(keys(var.adopt), ["aws_dynamodb_table.tasks"])
  to       = aws_dynamodb_table.tasks
  id       = var.adopt[each.key]
}

import {
  for_each = setintersection(keys(var.adopt), ["aws_cloudwatch_log_group.function"])
  to       = aws_cloudwatch_log_group.function
  id       = var.adopt[each.key]
}

import {
  for_each = setintersection(keys(var.adopt), ["aws_cloudwatch_log_group.api"])
  to       = aws_cloudwatch_log_group.api
  id       = var.adopt[each.key]
}

import {
  for_each = setintersection(keys(var.adopt), ["aws_lambda_function.tracker"])
  to       = aws_lambda_function.tracker
  id       = var.adopt[each.key]
}

import {
  for_each = setintersection(keys(var.adopt), ["aws_lambda_alias.live"])
  to       = aws_lambda_alias.live
  id       = var.adopt[each.key]
}

import {
  for_each = setintersection(keys(var.adopt), ["aws_lambda_permission.api"])
  to       = aws_lambda_permission.api
  id       = var.adopt[each.key]
}

import {
  for_each = setintersection(keys(var.adopt), ["aws_apigatewayv2_api.tracker"])
  to       = aws_apigatewayv2_api.tracker
  id       = var.adopt[each.key]
}

import {
  for_each = setintersection(keys(var.adopt), ["aws_apigatewayv2_integration.function"])
  to       = aws_apigatewayv2_integration.function
  id       = var.adopt[each.key]
}

import {
  for_each = setintersection(keys(var.adopt), ["aws_apigatewayv2_stage.default"])
  to       = aws_apigatewayv2_stage.default
  id       = var.adopt[each.key]
}

import {
  for_each = setintersection(keys(var.adopt), var.api_auth == "JWT" ? ["aws_apigatewayv2_authorizer.jwt[0]"] : [])
  to       = aws_apigatewayv2_authorizer.jwt[0]
  id       = var.adopt[each.key]
}

import {
  for_each = setintersection(keys(var.adopt), ["aws_apigatewayv2_route.default"])
  to       = aws_apigatewayv2_route.default
  id       = var.adopt[each.key]
}

import {
  for_each = {
    for key in var.api_auth == "JWT" ? keys(local.method_scopes) : [] :
    key => var.adopt["aws_apigatewayv2_route.method[\"${key}\"]"]
    if contains(keys(var.adopt), "aws_apigatewayv2_route.method[\"${key}\"]")
  }
  to = aws_apigatewayv2_route.method[each.key]
  id = each.value
}

import {
  for_each = {
    for key in local.public_routes :
    key => var.adopt["aws_apigatewayv2_route.public[\"${key}\"]"]
    if contains(keys(var.adopt), "aws_apigatewayv2_route.public[\"${key}\"]")
  }
  to = aws_apigatewayv2_route.public[each.key]
  id = each.value
}

import {
  for_each = {
    for key in ["trigger-error", "trigger-slow"] :
    key => var.adopt["aws_apigatewayv2_route.drill[\"${key}\"]"]
    if contains(keys(var.adopt), "aws_apigatewayv2_route.drill[\"${key}\"]")
  }
  to = aws_apigatewayv2_route.drill[each.key]
  id = each.value
}

import {
  for_each = setintersection(keys(var.adopt), ["aws_cloudwatch_dashboard.tracker"])
  to       = aws_cloudwatch_dashboard.tracker
  id       = var.adopt[each.key]
}

import {
  for_each = setintersection(keys(var.adopt), ["aws_cloudwatch_metric_alarm.errors"])
  to       = aws_cloudwatch_metric_alarm.errors
  id       = var.adopt[each.key]
}

import {
  for_each = setintersection(keys(var.adopt), ["aws_cloudwatch_metric_alarm.duration"])
  to       = aws_cloudwatch_metric_alarm.duration
  id       = var.adopt[each.key]
}

import {
  for_each = setintersection(keys(var.adopt), ["aws_sns_topic.alerts"])
  to       = aws_sns_topic.alerts
  id       = var.adopt[each.key]
}

import {
  for_each = setintersection(keys(var.adopt), ["aws_sns_topic_policy.alerts"])
  to       = aws_sns_topic_policy.alerts
  id       = var.adopt[each.key]
}

import {
  for_each = setintersection(keys(var.adopt), var.temporary ? [] : ["aws_sns_topic_subscription.email[0]"])
  to       = aws_sns_topic_subscription.email[0]
  id       = var.adopt[each.key]
}

import {
  for_each = setintersection(keys(var.adopt), ["aws_ssm_parameter.deployment"])
  to       = aws_ssm_parameter.deployment
  id       = var.adopt[each.key]
}
