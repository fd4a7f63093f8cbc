# Read access of deployer, planner and monitor, for `tt-ops plan`, `drift` and `status`: the state,
# and all resources of ../../terraform, but no calls of the API. Not inline, as the deployer's inline
# policies would be longer with it than IAM takes.
resource "aws_iam_policy" "read" {
  name        = "${var.lambda_function_name}-read${local.global_suffix}"
  description = "Reads the deployment of ${var.lambda_function_name}, for tt-ops plan, drift and status"
  policy      = module.deployer.read

  # A policy from before names included the region keeps its name: a new one would replace it.
  lifecycle {
    ignore_changes = [name]
  }
}
