output "read" {
  description = "Reads the environment, for tt-ops plan, drift and status."
  value       = data.aws_iam_policy_document.read.json
}

output "backend" {
  description = "Writes the state, locks and releases of the environment."
  value       = data.aws_iam_policy_document.backend.json
}

output "write" {
  description = "Deploys and destroys the environment."
  value       = data.aws_iam_policy_document.write.json
}

output "boundary" {
  description = "The most that the role of the environment's function may do."
  value       = data.aws_iam_policy_document.boundary.json
}
