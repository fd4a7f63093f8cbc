# Upper limit of the permissions of the function's role. The deployer writes the policy of that role
# and deploys its code, so without a boundary it could gain any permission through the function.
resource "aws_iam_policy" "function_boundary" {
  name        = "${var.lambda_function_name}-boundary${local.global_suffix}"
  description = "The most that the role ${var.lambda_function_name} may do"
  policy      = module.deployer.boundary

  # A policy from before names included the region keeps its name: a new one would replace it.
  lifecycle {
    ignore_changes = [name]
  }
}
