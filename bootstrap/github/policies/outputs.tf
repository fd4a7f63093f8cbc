output "read" {
  description = "Reads the environment, for tt-ops plan, drift and status."
  value       = local.documents.read
}

output "backend" {
  description = "Writes the state, locks and releases of the environment."
  value       = local.documents.backend
}

output "write" {
  description = "Deploys and destroys the environment."
  value       = local.documents.write
}

output "drill" {
  description = "Sets off drills, and stores the record of the last one."
  value       = local.documents.drill
}

output "boundary" {
  description = "The most that the role of the environment's function may do."
  value       = jsonencode(jsondecode(templatefile("${path.module}/boundary.json", local.names)))
}
