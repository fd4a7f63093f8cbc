variable "aws_region" {
  type        = string
  description = "AWS region of the deployment and of the state."
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
  description = "Name of the bucket for the state."
  default     = "task-tracker-terraform-state"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.state_bucket))
    error_message = "state_bucket must have 3 to 63 lower-case letters, digits, dots or hyphens, and begin and end with a letter or digit."
  }
}

variable "state_key" {
  type        = string
  description = "Key of the deployment's state in the bucket."
  default     = "infra/terraform.tfstate"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9!_.'()/-]+$", var.state_key)) && var.state_key != var.github_state_key
    error_message = "state_key must be an S3 key without wildcards, different from github_state_key."
  }
}

variable "github_state_key" {
  type        = string
  description = "Key of this stack's own state in the bucket."
  default     = "infra/github.tfstate"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9!_.'()/-]+$", var.github_state_key))
    error_message = "github_state_key must be an S3 key without wildcards."
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

variable "dynamodb_table_name" {
  type        = string
  description = "Name of the table of tasks."
  default     = "TaskTable"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]{3,255}$", var.dynamodb_table_name))
    error_message = "dynamodb_table_name must have 3 to 255 letters, digits, underscores, dots or hyphens."
  }
}

variable "lambda_function_name" {
  type        = string
  description = "Name of the function; the roles are named after it."
  default     = "task-tracker-function"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,55}$", var.lambda_function_name))
    error_message = "lambda_function_name must have 1 to 55 letters, digits, underscores or hyphens, since the name of a role has at most 64."
  }
}

variable "github_owner" {
  type        = string
  description = "Account or organization that owns the repository, spelled as on GitHub."
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9](-?[A-Za-z0-9_])*$", var.github_owner)) && length(var.github_owner) <= 39
    error_message = "github_owner must be the name of an account on GitHub."
  }
}

variable "github_repository" {
  type        = string
  description = "Name of the repository without its owner, spelled as on GitHub."
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]{1,100}$", var.github_repository))
    error_message = "github_repository must be the name of a repository on GitHub, without its owner."
  }
}

variable "github_owner_id" {
  type        = string
  description = "Id of the owner, which GitHub never reuses."
  nullable    = false

  validation {
    condition     = can(regex("^[1-9][0-9]*$", var.github_owner_id))
    error_message = "github_owner_id must be a number."
  }
}

variable "github_repository_id" {
  type        = string
  description = "Id of the repository, which GitHub never reuses."
  nullable    = false

  validation {
    condition     = can(regex("^[1-9][0-9]*$", var.github_repository_id))
    error_message = "github_repository_id must be a number."
  }
}

# Without dollar signs, which start policy variables of IAM, and colons, which subjects escape.
variable "github_branch" {
  type        = string
  description = "The only branch that deploys."
  default     = "main"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_][A-Za-z0-9_.+/-]*$", var.github_branch))
    error_message = "github_branch must be one branch, of letters, digits and _.+/- only."
  }
}

variable "github_environment" {
  type        = string
  description = "The only environment whose jobs deploy."
  default     = "production"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_][A-Za-z0-9_.-]*$", var.github_environment))
    error_message = "github_environment must be one environment, of letters, digits and _.- only."
  }
}

variable "adopt_identity_provider" {
  type        = bool
  description = "Import the identity provider of the account, which this stack created before."
  default     = false
  nullable    = false
}

variable "foreign_identity_provider" {
  type        = bool
  description = "Use the identity provider of the account without managing it, since it belongs to another stack."
  default     = false
  nullable    = false
}
