locals {
  tasks_index = "status-task_id-index"
}

# Encrypted with the key that AWS owns, the default and free: a key of our own would have to be named here.
resource "aws_dynamodb_table" "tasks" {
  # checkov:skip=CKV_AWS_119:a customer-managed key costs money; AWS encrypts with its own
  name                        = var.dynamodb_table_name
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "task_id"
  deletion_protection_enabled = var.table_deletion_protection

  attribute {
    name = "task_id"
    type = "S"
  }

  attribute {
    name = "status"
    type = "S"
  }

  # Lists read it, newest first, so a page costs the same however large the table is.
  global_secondary_index {
    name            = local.tasks_index
    hash_key        = "status"
    range_key       = "task_id"
    projection_type = "ALL"
  }

  point_in_time_recovery {
    enabled = true
  }

  # Only idempotency records carry the attribute; tasks never expire.
  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }
}
