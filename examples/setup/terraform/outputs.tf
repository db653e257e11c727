output "role_arn" {
  description = "role-to-assume"
  value       = aws_iam_role.caller.arn
}

output "region" {
  description = "region"
  value       = local.region
}

output "cluster" {
  description = "cluster"
  value       = aws_ecs_cluster.this.name
}

output "service" {
  description = "service"
  value       = aws_ecs_service.this.name
}

output "task_definition" {
  description = "task-definition"
  value       = aws_ecs_task_definition.this.family
}

output "task_role_arn" {
  description = "task-role, for tasks of an image"
  value       = aws_iam_role.task.arn
}

output "bucket" {
  description = "bucket"
  value       = aws_s3_bucket.staging.id
}

output "subnets" {
  description = "subnets"
  value       = join(",", var.subnets)
}

output "security_group" {
  description = "security-groups"
  value       = aws_security_group.tasks.id
}

output "log_group" {
  description = "Log group of the containers and of the sessions"
  value       = aws_cloudwatch_log_group.this.name
}
