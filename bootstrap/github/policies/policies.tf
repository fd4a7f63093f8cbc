# The statements are in JSON, which `tt-ops permissions` fills in as well. What each policy names is
# one environment, or all whose names match a pattern such as pr-*.
locals {
  # As in ../../../terraform/names.tf. A role, a dashboard or a boundary from before names included the
  # region keeps its name.
  is_default    = var.environment == "default"
  suffix        = local.is_default ? "" : "-${var.environment}"
  global_suffix = local.is_default && var.region == "eu-west-3" ? "" : "-${var.region}"
  dashboard     = "task-tracker-dashboard${local.suffix}"

  names = {
    partition        = var.partition
    account          = var.account
    region           = var.region
    environment      = var.environment
    suffix           = local.suffix
    parameters       = local.is_default ? "/task-tracker" : "/task-tracker/${var.environment}"
    state_bucket     = var.state_bucket
    state_key        = var.state_key
    lock_table       = var.lock_table
    table            = var.table
    function         = var.function
    role             = "${var.function}${local.global_suffix}"
    former_role      = local.is_default ? var.function : "${var.function}${local.global_suffix}"
    dashboard        = "${local.dashboard}${local.global_suffix}"
    former_dashboard = local.is_default ? local.dashboard : "${local.dashboard}${local.global_suffix}"
  }
  # The boundary's own policy does not name it.
  names_and_boundary = merge(local.names, {
    boundary        = var.boundary
    former_boundary = var.former_boundary
  })

  statements = {
    for name in ["read", "backend", "write", "apis", "tagged-apis", "lasting", "drill"] : name => [
      for each in jsondecode(templatefile("${path.module}/${name}.json", local.names_and_boundary)).Statement :
      merge(each, { Resource = distinct(each.Resource) })
    ]
  }

  # An API has an id instead of a name: the tag tells those of an environment, but the default's has
  # none. A preview lasts as long as its pull request.
  parts = {
    read    = ["read"]
    backend = ["backend"]
    drill   = ["drill"]
    write   = local.is_default ? ["write", "apis", "lasting"] : ["write", "tagged-apis"]
  }

  documents = {
    for name, parts in local.parts : name => jsonencode({
      Version   = "2012-10-17"
      Statement = concat([for part in parts : local.statements[part]]...)
    })
  }
}
