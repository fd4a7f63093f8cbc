variable "partition" {
  type        = string
  description = "Partition of AWS, such as aws."
  nullable    = false
}

variable "account" {
  type        = string
  description = "Id of the account."
  nullable    = false
}

variable "region" {
  type        = string
  description = "Region of the environment."
  nullable    = false
}

variable "environment" {
  type        = string
  description = "Name of the environment, or a pattern such as pr-*."
  nullable    = false
}

variable "state_bucket" {
  type        = string
  description = "Name of the bucket for the state."
  nullable    = false
}

variable "state_key" {
  type        = string
  description = "Key of the environment's state, or a pattern of it."
  nullable    = false
}

variable "lock_table" {
  type        = string
  description = "Name of the table that locks the state."
  nullable    = false
}

variable "table" {
  type        = string
  description = "Name of the table of tasks, or a pattern of it."
  nullable    = false
}

variable "function" {
  type        = string
  description = "Name of the function, or a pattern of it."
  nullable    = false
}

variable "boundary" {
  type        = string
  description = "Name of the permissions boundary that the role of a function gets."
  nullable    = false
}

variable "former_boundary" {
  type        = string
  description = "Another name that tt-ops looks for."
  nullable    = false
}
