variable "aws_region" {
  type        = string
  description = "AWS region of the state bucket and the lock table."
  default     = "eu-west-3"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.aws_region))
    error_message = "aws_region must be a region code such as eu-west-3."
  }
}

variable "s3_use_path_style" {
  type        = bool
  description = "Address S3 buckets by path instead of host name, as emulators require."
  default     = false
  nullable    = false
}

variable "state_bucket" {
  type        = string
  description = "Name of the bucket for the state. Bucket names are global: choose another if this one is taken."
  default     = "task-tracker-terraform-state"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.state_bucket))
    error_message = "state_bucket must have 3 to 63 lower-case letters, digits, dots or hyphens, and begin and end with a letter or digit."
  }
}

variable "lock_table" {
  type        = string
  description = "Name of the table that locks the state."
  default     = "terraform-locks"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]{3,255}$", var.lock_table))
    error_message = "lock_table must have 3 to 255 letters, digits, underscores, dots or hyphens."
  }
}

variable "adopt_bucket" {
  type        = bool
  description = "Import an existing state bucket instead of creating it."
  default     = false
  nullable    = false
}

variable "adopt_lock_table" {
  type        = bool
  description = "Import an existing lock table instead of creating it."
  default     = false
  nullable    = false
}

variable "require_tls" {
  type        = bool
  description = "Deny requests to the bucket without TLS. Set false only for an endpoint over plain HTTP."
  default     = true
  nullable    = false
}

variable "expire_old_versions" {
  type        = bool
  description = "Delete old versions of states after 90 days, and those of deploy locks after one."
  default     = true
  nullable    = false
}
