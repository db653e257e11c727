data "aws_partition" "current" {}
data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

locals {
  partition         = data.aws_partition.current.partition
  account           = data.aws_caller_identity.current.account_id
  region            = data.aws_region.current.region
  oidc_provider_arn = var.oidc_provider_arn == "" ? aws_iam_openid_connect_provider.github[0].arn : var.oidc_provider_arn
}

resource "aws_iam_openid_connect_provider" "github" {
  count          = var.oidc_provider_arn == "" ? 1 : 0
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_s3_bucket" "staging" {
  bucket = "${var.name}-${local.account}-${local.region}"
  # What a lost runner has left goes with the set-up. Without this `terraform destroy` fails with BucketNotEmpty.
  force_destroy = true
}

resource "aws_s3_bucket_public_access_block" "staging" {
  bucket                  = aws_s3_bucket.staging.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "staging" {
  bucket = aws_s3_bucket.staging.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "staging" {
  bucket = aws_s3_bucket.staging.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

# Removes what a lost runner leaves, and the times of items when no run has renewed them for a month. Noncurrent versions are there only after
# somebody has turned versioning on.
resource "aws_s3_bucket_lifecycle_configuration" "staging" {
  bucket = aws_s3_bucket.staging.id

  rule {
    id     = "staged"
    status = "Enabled"

    filter {
      prefix = "fargate-exec/staged/"
    }

    expiration {
      days = 1
    }
  }

  rule {
    id     = "output"
    status = "Enabled"

    filter {
      prefix = "fargate-exec/output/"
    }

    expiration {
      days = 1
    }
  }

  rule {
    id     = "claims"
    status = "Enabled"

    filter {
      prefix = "fargate-exec/claims/"
    }

    expiration {
      days = 1
    }
  }

  rule {
    id     = "locks"
    status = "Enabled"

    filter {
      prefix = "fargate-exec/locks/"
    }

    expiration {
      days = 1
    }
  }

  rule {
    id     = "items"
    status = "Enabled"

    filter {
      prefix = "fargate-exec/items/"
    }

    expiration {
      days = 30
    }
  }

  rule {
    id     = "rest"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 1
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

resource "aws_s3_bucket_policy" "staging" {
  bucket = aws_s3_bucket.staging.id
  policy = data.aws_iam_policy_document.bucket.json
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/ecs/${var.name}"
  retention_in_days = 14
}

resource "aws_ecs_cluster" "this" {
  name = var.name

  configuration {
    execute_command_configuration {
      logging = var.session_logs

      dynamic "log_configuration" {
        for_each = var.session_logs == "OVERRIDE" ? [aws_cloudwatch_log_group.this.name] : []

        content {
          cloud_watch_log_group_name = log_configuration.value
        }
      }
    }
  }
}

resource "aws_security_group" "tasks" {
  name        = var.name
  description = "Tasks of fargate-exec. Nothing comes in."
  vpc_id      = var.vpc_id

  egress {
    description = "Images, AWS, and what the scripts call"
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_ecs_task_definition" "this" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = "256"
  memory                   = "512"
  task_role_arn            = aws_iam_role.task.arn
  execution_role_arn       = aws_iam_role.execution.arn

  container_definitions = jsonencode([
    {
      name      = "app"
      image     = var.image
      essential = true
      command   = ["sh", "-c", "cd \"$(mktemp -d)\"; echo ok > health; python3 -m http.server --bind 127.0.0.1 ${var.port} || exec tail -f /dev/null"]
      linuxParameters = {
        initProcessEnabled = true
      }
      logConfiguration = {
        logDriver = "awslogs"
        options = {
          awslogs-group         = aws_cloudwatch_log_group.this.name
          awslogs-region        = local.region
          awslogs-stream-prefix = "app"
        }
      }
    }
  ])
}

resource "aws_ecs_service" "this" {
  name                   = var.name
  cluster                = aws_ecs_cluster.this.arn
  task_definition        = aws_ecs_task_definition.this.arn
  desired_count          = 1
  launch_type            = "FARGATE"
  enable_execute_command = true
  wait_for_steady_state  = true

  # Without the circuit breaker ECS tries a deployment whose tasks never start for three hours.
  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.subnets
    security_groups  = [aws_security_group.tasks.id]
    assign_public_ip = var.assign_public_ip
  }

  # The agent takes its rights from the role as the task starts.
  depends_on = [aws_iam_role_policy.task, aws_iam_role_policy.execution]
}
