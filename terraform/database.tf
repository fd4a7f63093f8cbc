locals {
  tasks_index = "status-task_id-index"
}

# Encrypted with a key that AWS owns, which is the default and free.
resource "aws_dynamodb_table" "tasks" {
  # checkov:skip=CKV_AWS_119:a customer-managed key costs money; AWS encrypts with its own
  name                        = var.dynamodb_table_name
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "task_id"
  deletion_protection_enabled = var.table_deletion_protection && !var.temporary

  attribute {
    name = "task_id"
    type = "S"
  }

  attribute {
    name = "status"
    type = "S"
  }

  # For lists, newest first: a page costs the same whatever the size of the table.
  global_secondary_index {
    name            = local.tasks_index
    hash_key        = "status"
    range_key       = "task_id"
    projection_type = "ALL"
  }

  point_in_time_recovery {
    enabled = true
  }

  # Only idempotency records have the attribute; tasks never expire.
  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }
}
