variable "aws_region" {
  type        = string
  description = "AWS region of every resource."
  default     = "eu-west-3"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.aws_region))
    error_message = "aws_region must be a region code such as eu-west-3."
  }
}

variable "environment" {
  type        = string
  description = "Name of the environment, the end of the names of its resources; default has none."
  default     = "default"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$", var.environment))
    error_message = "environment must be a lower-case letter, then up to 19 of a-z, 0-9 and -."
  }
}

variable "temporary" {
  type        = bool
  description = "Mark the environment as temporary: tt-ops environments prune may destroy it, with its tasks."
  default     = false
  nullable    = false

  validation {
    condition     = !(var.temporary && var.environment == "default")
    error_message = "temporary must be false for the environment default."
  }
}

variable "s3_use_path_style" {
  type        = bool
  description = "Address S3 buckets by path instead of host name, as emulators require."
  default     = false
  nullable    = false
}

variable "aws_max_retries" {
  type        = number
  description = "Maximum number of retries of a failed request to AWS; the provider's default of 25 takes about ten minutes."
  default     = 25
  nullable    = false

  validation {
    condition     = var.aws_max_retries >= 1
    error_message = "aws_max_retries must be 1 or more."
  }
}

variable "alert_email" {
  type        = string
  description = "E-mail address that receives the alarms. AWS sends it a request to confirm the subscription."
  sensitive   = true
  nullable    = false

  validation {
    condition     = can(regex("^[^@[:space:]]+@[^@[:space:]]+[.][^@[:space:]]+$", var.alert_email))
    error_message = "alert_email must be one e-mail address: a name, @ and a domain, without spaces."
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

variable "dynamodb_status_shards" {
  type        = number
  description = "Partitions of the index for each status, 1,000 writes a second each. Increase it at any time; never lower it."
  default     = 1
  nullable    = false

  validation {
    condition     = var.dynamodb_status_shards >= 1 && var.dynamodb_status_shards <= 10 && floor(var.dynamodb_status_shards) == var.dynamodb_status_shards
    error_message = "dynamodb_status_shards must be a whole number from 1 to 10."
  }
}

variable "table_deletion_protection" {
  type        = bool
  description = "Protect the table of tasks from deletion. Apply false before a destroy."
  default     = true
  nullable    = false
}

variable "lambda_function_name" {
  type        = string
  description = "Name of the function; its role, its API and its log groups are named after it."
  default     = "task-tracker-function"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,64}$", var.lambda_function_name))
    error_message = "lambda_function_name must have 1 to 64 letters, digits, underscores or hyphens."
  }
}

variable "function_permissions_boundary" {
  type        = string
  description = "ARN of the permissions boundary of the function's role; tt-ops sets the one of bootstrap/github."
  default     = ""
  nullable    = false

  validation {
    condition     = var.function_permissions_boundary == "" || can(regex("^arn:[a-z-]+:iam::[0-9]{12}:policy/", var.function_permissions_boundary))
    error_message = "function_permissions_boundary must be the ARN of an IAM policy."
  }
}

variable "lambda_architecture" {
  type        = string
  description = "Processor architecture of the function: arm64 or x86_64."
  default     = "arm64"
  nullable    = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.lambda_architecture)
    error_message = "lambda_architecture must be arm64 or x86_64."
  }
}

variable "lambda_memory_size" {
  type        = number
  description = "Memory of the function in MB; its share of CPU is proportional."
  default     = 256
  nullable    = false

  validation {
    condition     = var.lambda_memory_size >= 128 && var.lambda_memory_size <= 10240 && floor(var.lambda_memory_size) == var.lambda_memory_size
    error_message = "lambda_memory_size must be a whole number from 128 to 10240."
  }
}

variable "package_path" {
  type        = string
  description = "Path of the function's zip, relative to this folder. The state records it, so another path is a change."
  default     = "../function.zip"
  nullable    = false

  validation {
    condition     = fileexists(var.package_path)
    error_message = "package_path does not exist; build it with: tt-ops build"
  }
}

variable "package_s3_bucket" {
  type        = string
  description = "Bucket of package_s3_key."
  default     = ""
  nullable    = false

  validation {
    condition     = var.package_s3_bucket == "" || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.package_s3_bucket))
    error_message = "package_s3_bucket must be the name of a bucket."
  }
}

variable "package_s3_key" {
  type        = string
  description = "Object that the function is created from, if its zip is too large for a request (50 MB)."
  default     = ""
  nullable    = false

  validation {
    condition     = (var.package_s3_key == "") == (var.package_s3_bucket == "")
    error_message = "package_s3_key and package_s3_bucket must be set together."
  }
}

variable "api_auth" {
  type        = string
  description = "Who may call the API: NONE means anyone, AWS_IAM principals of the account with signed requests, JWT clients with a token of jwt_issuer."
  default     = "NONE"
  nullable    = false

  validation {
    condition     = contains(["NONE", "AWS_IAM", "JWT"], var.api_auth)
    error_message = "api_auth must be NONE, AWS_IAM or JWT."
  }
}

variable "jwt_issuer" {
  type        = string
  description = "Issuer of the tokens, exactly as in their claim iss; its keys are found by /.well-known/openid-configuration."
  default     = ""
  nullable    = false

  validation {
    condition     = (var.jwt_issuer != "") == (var.api_auth == "JWT")
    error_message = "jwt_issuer must be set with api_auth JWT, and only then."
  }

  validation {
    condition     = var.jwt_issuer == "" || can(regex("^(https://[^/[:space:]]+|http://(localhost|127[.]0[.]0[.]1)(:[0-9]+)?)(/[^?#[:space:]]*)?$", var.jwt_issuer))
    error_message = "jwt_issuer must be an https URL such as https://example.eu.auth0.com/ (http only for localhost)."
  }
}

variable "jwt_audience" {
  type        = list(string)
  description = "Audiences of the tokens: the claim aud, or client_id if there is none, must be one of them."
  default     = []
  nullable    = false

  validation {
    condition     = (length(var.jwt_audience) > 0) == (var.api_auth == "JWT")
    error_message = "jwt_audience must be set with api_auth JWT, and only then."
  }

  validation {
    condition     = alltrue([for audience in var.jwt_audience : can(regex("^[^[:space:]]+$", audience))])
    error_message = "jwt_audience must be a list of strings without spaces."
  }
}

variable "jwt_scope_prefix" {
  type        = string
  description = "Prefix of the scopes tasks:read and tasks:write; for Cognito the resource server and a slash."
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^[!#-[\\]-~]*$", var.jwt_scope_prefix))
    error_message = "jwt_scope_prefix must have only characters of a scope, without spaces."
  }
}

variable "cors_origins" {
  type        = list(string)
  description = "Web origins whose pages may call the API from a browser; * means any, an empty list disables CORS."
  default     = []
  nullable    = false

  validation {
    condition     = var.cors_origins == tolist(["*"]) || alltrue([for origin in var.cors_origins : can(regex("^https?://[a-z0-9.-]+(:[0-9]+)?$", origin))])
    error_message = "cors_origins must list origins such as https://app.example.com, without a path or a trailing slash, or be [\"*\"]."
  }
}

variable "api_throttle_rate" {
  type        = number
  description = "Requests per second that the API accepts from all callers together."
  default     = 50
  nullable    = false

  validation {
    condition     = var.api_throttle_rate > 0
    error_message = "api_throttle_rate must be above 0: with 0 API Gateway answers every request with 429."
  }
}

variable "api_throttle_burst" {
  type        = number
  description = "Concurrent requests that the API accepts above its rate."
  default     = 100
  nullable    = false

  validation {
    condition     = var.api_throttle_burst >= 1 && floor(var.api_throttle_burst) == var.api_throttle_burst
    error_message = "api_throttle_burst must be a whole number of at least 1."
  }
}

variable "log_retention_days" {
  type        = number
  description = "Retention of the logs of the function and the API in days."
  default     = 30
  nullable    = false

  validation {
    condition = contains(
      [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
      var.log_retention_days
    )
    error_message = "log_retention_days must be a period that CloudWatch Logs offers: 1, 3, 5, 7, 14, 30, 60, 90 … 3653."
  }
}

variable "adopt" {
  type        = map(string)
  description = "Import ids of resources that exist and are in no state, by address; tt-ops finds them."
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for id in values(var.adopt) : id != ""])
    error_message = "adopt must have an import id for every address."
  }
}
