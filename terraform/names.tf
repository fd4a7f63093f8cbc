# Environments share an account, and tt-ops passes the names of function and table: all else has a
# suffix. Roles and dashboards are unique across regions too, so they also hold the region; those of
# the default environment in eu-west-3 had their names before.
locals {
  is_default    = var.environment == "default"
  suffix        = local.is_default ? "" : "-${var.environment}"
  global_suffix = local.is_default && var.aws_region == "eu-west-3" ? "" : "-${var.aws_region}"
  parameters    = local.is_default ? "/task-tracker" : "/task-tracker/${var.environment}"
}
