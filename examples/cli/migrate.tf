# Migrates once after each new revision of the service's task definition.
variable "cluster" {
  type = string
}

variable "service" {
  type = string
}

variable "task_definition_arn" {
  description = "ARN of the revision that the service runs. A new one migrates again."
  type        = string
}

resource "terraform_data" "migrate" {
  triggers_replace = [var.task_definition_arn]

  provisioner "local-exec" {
    command = "npx --yes fargate-exec@0 run --cluster \"$CLUSTER\" --service \"$SERVICE\" --start -- python manage.py migrate"
    environment = {
      CLUSTER = var.cluster
      SERVICE = var.service
    }
  }
}
