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

variable "s3_use_path_style" {
  type        = bool
  description = "Address S3 buckets by path, as emulators need it, not by host name."
  default     = false
  nullable    = false
}

variable "aws_max_retries" {
  type        = number
  description = "How often a failed request to AWS is repeated; the provider's own 25 take some ten minutes."
  default     = 25
  nullable    = false

  validation {
    condition     = var.aws_max_retries >= 1
    error_message = "aws_max_retries must be 1 or more."
  }
}

variable "alert_email" {
  type        = string
  description = "Address that receives the alarms. AWS asks it to confirm the subscription."
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
  description = "Partitions of the index for each status, 1,000 writes a second each. It may grow at any time; never lower it."
  default     = 1
  nullable    = false

  validation {
    condition     = var.dynamodb_status_shards >= 1 && var.dynamodb_status_shards <= 10 && floor(var.dynamodb_status_shards) == var.dynamodb_status_shards
    error_message = "dynamodb_status_shards must be a whole number from 1 to 10."
  }
}

variable "table_deletion_protection" {
  type        = bool
  description = "Refuse to delete the table of tasks. Apply false before a destroy."
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
  description = "ARN of a policy that bounds what the function's role may do; tt-ops gives the one of bootstrap/github."
  default     = ""
  nullable    = false

  validation {
    condition     = var.function_permissions_boundary == "" || can(regex("^arn:[a-z-]+:iam::[0-9]{12}:policy/", var.function_permissions_boundary))
    error_message = "function_permissions_boundary must be the ARN of a policy of an account."
  }
}

variable "lambda_architecture" {
  type        = string
  description = "Processor of the function: arm64 or x86_64."
  default     = "arm64"
  nullable    = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.lambda_architecture)
    error_message = "lambda_architecture must be arm64 or x86_64."
  }
}

variable "lambda_memory_size" {
  type        = number
  description = "Memory of the function in MB; its share of a processor grows with it."
  default     = 256
  nullable    = false

  validation {
    condition     = var.lambda_memory_size >= 128 && var.lambda_memory_size <= 10240 && floor(var.lambda_memory_size) == var.lambda_memory_size
    error_message = "lambda_memory_size must be a whole number from 128 to 10240."
  }
}

variable "package_path" {
  type        = string
  description = "Path of the function's zip, seen from this folder. Keep it relative: the state records it, and another path is a change."
  default     = "../function.zip"
  nullable    = false

  validation {
    condition     = fileexists(var.package_path)
    error_message = "package_path names no file; make it with: tt-ops build"
  }
}

variable "api_auth" {
  type        = string
  description = "Who may call the API: NONE is everyone, AWS_IAM those who sign as a principal of the account, JWT those with a token of jwt_issuer."
  default     = "NONE"
  nullable    = false

  validation {
    condition     = contains(["NONE", "AWS_IAM", "JWT"], var.api_auth)
    error_message = "api_auth must be NONE, AWS_IAM or JWT."
  }
}

variable "jwt_issuer" {
  type        = string
  description = "Issuer of the tokens, exactly as their claim iss says it; its keys are found below /.well-known/openid-configuration."
  default     = ""
  nullable    = false

  validation {
    condition     = (var.jwt_issuer != "") == (var.api_auth == "JWT")
    error_message = "jwt_issuer is needed with api_auth JWT, and means nothing without it."
  }

  validation {
    condition     = var.jwt_issuer == "" || can(regex("^(https://[^/[:space:]]+|http://(localhost|127[.]0[.]0[.]1)(:[0-9]+)?)(/[^?#[:space:]]*)?$", var.jwt_issuer))
    error_message = "jwt_issuer must be an https address such as https://example.eu.auth0.com/ (http only on this machine)."
  }
}

variable "jwt_audience" {
  type        = list(string)
  description = "Audiences of the tokens: the claim aud, or client_id where there is none, has to name one of them."
  default     = []
  nullable    = false

  validation {
    condition     = (length(var.jwt_audience) > 0) == (var.api_auth == "JWT")
    error_message = "jwt_audience is needed with api_auth JWT, and means nothing without it."
  }

  validation {
    condition     = alltrue([for audience in var.jwt_audience : can(regex("^[^[:space:]]+$", audience))])
    error_message = "jwt_audience must list texts without spaces."
  }
}

variable "jwt_scope_prefix" {
  type        = string
  description = "What the issuer puts before the scopes tasks:read and tasks:write; Cognito puts its resource server and a slash."
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^[!#-[\\]-~]*$", var.jwt_scope_prefix))
    error_message = "jwt_scope_prefix must be characters of a scope, without spaces."
  }
}

variable "cors_origins" {
  type        = list(string)
  description = "Web origins whose pages may call the API from a browser; * is every page, none turns CORS off."
  default     = []
  nullable    = false

  validation {
    condition     = var.cors_origins == tolist(["*"]) || alltrue([for origin in var.cors_origins : can(regex("^https?://[a-z0-9.-]+(:[0-9]+)?$", origin))])
    error_message = "cors_origins must list origins such as https://app.example.com, without a path or a slash at the end, or be [\"*\"]."
  }
}

variable "api_throttle_rate" {
  type        = number
  description = "Requests per second that the API lets through, all callers together."
  default     = 50
  nullable    = false

  validation {
    condition     = var.api_throttle_rate > 0
    error_message = "api_throttle_rate must be above 0: API Gateway answers 429 to everything at 0."
  }
}

variable "api_throttle_burst" {
  type        = number
  description = "Requests that the API lets through at once, above its rate."
  default     = 100
  nullable    = false

  validation {
    condition     = var.api_throttle_burst >= 1 && floor(var.api_throttle_burst) == var.api_throttle_burst
    error_message = "api_throttle_burst must be a whole number from 1."
  }
}

variable "log_retention_days" {
  type        = number
  description = "Days that the logs of the function and of the API are kept."
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
