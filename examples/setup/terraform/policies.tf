# Each document is the file of docs/iam of that name.

data "aws_iam_policy_document" "caller_running_task" {
  statement {
    sid     = "Exec"
    actions = ["ecs:ExecuteCommand"]

    resources = [
      "arn:${local.partition}:ecs:${local.region}:${local.account}:cluster/${aws_ecs_cluster.this.name}",
      "arn:${local.partition}:ecs:${local.region}:${local.account}:task/${aws_ecs_cluster.this.name}/*",
    ]
  }

  statement {
    sid       = "Look"
    actions   = ["ecs:DescribeTasks"]
    resources = ["arn:${local.partition}:ecs:${local.region}:${local.account}:task/${aws_ecs_cluster.this.name}/*"]
  }

  statement {
    sid       = "LookAtCluster"
    actions   = ["ecs:DescribeClusters"]
    resources = ["arn:${local.partition}:ecs:${local.region}:${local.account}:cluster/${aws_ecs_cluster.this.name}"]
  }

  statement {
    sid       = "LookAtDefinitions"
    actions   = ["ecs:DescribeTaskDefinition"]
    resources = ["*"]
  }

  statement {
    sid = "Sessions"

    actions = [
      "ssmmessages:OpenDataChannel",
      "ssm:ResumeSession",
      "ssm:TerminateSession",
    ]

    resources = ["arn:${local.partition}:ssm:${local.region}:${local.account}:session/ecs-execute-command-*"]
  }
}

data "aws_iam_policy_document" "caller_without_bucket" {
  statement {
    sid       = "CountSessions"
    actions   = ["ssm:DescribeSessions"]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "caller_public_ip" {
  statement {
    sid       = "LookAtAddress"
    actions   = ["ec2:DescribeNetworkInterfaces"]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "caller_service" {
  statement {
    sid       = "FindTasks"
    actions   = ["ecs:ListTasks"]
    resources = ["*"]

    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = ["arn:${local.partition}:ecs:${local.region}:${local.account}:cluster/${aws_ecs_cluster.this.name}"]
    }
  }
}

data "aws_iam_policy_document" "caller_protect" {
  statement {
    sid = "Protect"

    actions = [
      "ecs:GetTaskProtection",
      "ecs:UpdateTaskProtection",
    ]

    resources = ["arn:${local.partition}:ecs:${local.region}:${local.account}:task/${aws_ecs_cluster.this.name}/*"]
  }
}

data "aws_iam_policy_document" "caller_deployment" {
  statement {
    sid = "OfService"

    actions = [
      "ecs:ListServiceDeployments",
      "ecs:DescribeServiceDeployments",
      "ecs:DescribeServiceRevisions",
      "ecs:ContinueServiceDeployment",
    ]

    resources = ["arn:${local.partition}:ecs:${local.region}:${local.account}:service/${aws_ecs_cluster.this.name}/${var.name}"]
  }

  statement {
    sid = "Decide"

    actions = [
      "ecs:DescribeServiceDeployments",
      "ecs:ContinueServiceDeployment",
    ]

    resources = ["arn:${local.partition}:ecs:${local.region}:${local.account}:service-deployment/${aws_ecs_cluster.this.name}/${var.name}/*"]
  }

  statement {
    sid       = "DescribeRevision"
    actions   = ["ecs:DescribeServiceRevisions"]
    resources = ["arn:${local.partition}:ecs:${local.region}:${local.account}:service-revision/${aws_ecs_cluster.this.name}/${var.name}/*"]
  }
}

data "aws_iam_policy_document" "caller_service_start" {
  statement {
    sid       = "Borrow"
    actions   = ["ecs:DescribeServices", "ecs:DescribeExpressGatewayService", "ecs:DescribeServiceRevisions"]
    resources = ["arn:${local.partition}:ecs:${local.region}:${local.account}:service/${aws_ecs_cluster.this.name}/${var.name}"]
  }

  statement {
    sid       = "BorrowAddress"
    actions   = ["ecs:DescribeServiceRevisions"]
    resources = ["arn:${local.partition}:ecs:${local.region}:${local.account}:service-revision/${aws_ecs_cluster.this.name}/${var.name}/*"]
  }
}

data "aws_iam_policy_document" "caller_start_task" {
  statement {
    sid       = "Start"
    actions   = ["ecs:RunTask"]
    resources = ["arn:${local.partition}:ecs:${local.region}:${local.account}:task-definition/${var.name}:*"]

    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = ["arn:${local.partition}:ecs:${local.region}:${local.account}:cluster/${aws_ecs_cluster.this.name}"]
    }
  }

  statement {
    sid       = "Stop"
    actions   = ["ecs:StopTask"]
    resources = ["arn:${local.partition}:ecs:${local.region}:${local.account}:task/${aws_ecs_cluster.this.name}/*"]

    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = ["arn:${local.partition}:ecs:${local.region}:${local.account}:cluster/${aws_ecs_cluster.this.name}"]
    }
  }

  statement {
    sid     = "PassRoles"
    actions = ["iam:PassRole"]

    resources = [
      "arn:${local.partition}:iam::${local.account}:role/${aws_iam_role.task.name}",
      "arn:${local.partition}:iam::${local.account}:role/${aws_iam_role.execution.name}",
    ]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ecs-tasks.amazonaws.com"]
    }
  }

  statement {
    sid       = "Tag"
    actions   = ["ecs:TagResource"]
    resources = ["arn:${local.partition}:ecs:${local.region}:${local.account}:task/${aws_ecs_cluster.this.name}/*"]

    condition {
      test     = "StringEquals"
      variable = "ecs:CreateAction"
      values   = ["RunTask"]
    }
  }
}

data "aws_iam_policy_document" "caller_definitions" {
  statement {
    sid = "Register"

    actions = [
      "ecs:RegisterTaskDefinition",
      "ecs:DeregisterTaskDefinition",
      "ecs:ListTaskDefinitionFamilies",
    ]

    resources = ["*"]
  }

  statement {
    sid = "TagAndDelete"

    actions = [
      "ecs:TagResource",
      "ecs:DeleteTaskDefinitions",
    ]

    resources = ["arn:${local.partition}:ecs:${local.region}:${local.account}:task-definition/fargate-exec-*"]
  }

  statement {
    sid       = "StartOurs"
    actions   = ["ecs:RunTask"]
    resources = ["arn:${local.partition}:ecs:${local.region}:${local.account}:task-definition/fargate-exec-*"]

    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = ["arn:${local.partition}:ecs:${local.region}:${local.account}:cluster/${aws_ecs_cluster.this.name}"]
    }
  }

  statement {
    sid       = "FindSharers"
    actions   = ["ecs:ListTasks"]
    resources = ["*"]

    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = ["arn:${local.partition}:ecs:${local.region}:${local.account}:cluster/${aws_ecs_cluster.this.name}"]
    }
  }
}

data "aws_iam_policy_document" "caller_bucket" {
  statement {
    sid = "Stage"

    actions = [
      "s3:PutObject",
      "s3:GetObject",
      "s3:DeleteObject",
    ]

    resources = ["arn:${local.partition}:s3:::${aws_s3_bucket.staging.id}/fargate-exec/*"]
  }

  statement {
    sid       = "LookAtBucket"
    actions   = ["s3:ListBucket"]
    resources = ["arn:${local.partition}:s3:::${aws_s3_bucket.staging.id}"]
  }
}

data "aws_iam_policy_document" "caller_logs_cloudwatch" {
  statement {
    sid       = "ReadLogs"
    actions   = ["logs:GetLogEvents"]
    resources = ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:${aws_cloudwatch_log_group.this.name}:log-stream:ecs-execute-command-*"]
  }
}

data "aws_iam_policy_document" "caller_diagnosis" {
  statement {
    sid       = "AskForRights"
    actions   = ["iam:SimulatePrincipalPolicy"]
    resources = ["arn:${local.partition}:iam::${local.account}:role/${aws_iam_role.task.name}"]
  }

  statement {
    sid = "AskForNetwork"

    actions = [
      "ec2:DescribeNetworkInterfaces",
      "ec2:DescribeVpcEndpoints",
    ]

    resources = ["*"]
  }
}

data "aws_iam_policy_document" "task_role" {
  statement {
    sid = "Exec"

    actions = [
      "ssmmessages:CreateControlChannel",
      "ssmmessages:OpenControlChannel",
      "ssmmessages:CreateDataChannel",
      "ssmmessages:OpenDataChannel",
    ]

    resources = ["*"]
  }
}

data "aws_iam_policy_document" "task_role_bucket" {
  statement {
    sid       = "Fetch"
    actions   = ["s3:GetObject"]
    resources = ["arn:${local.partition}:s3:::${aws_s3_bucket.staging.id}/fargate-exec/*/payload"]
  }
}

data "aws_iam_policy_document" "task_role_logs_cloudwatch" {
  statement {
    sid = "WriteLogs"

    actions = [
      "logs:CreateLogStream",
      "logs:PutLogEvents",
    ]

    resources = ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:${aws_cloudwatch_log_group.this.name}:log-stream:ecs-execute-command-*"]
  }
}

data "aws_iam_policy_document" "execution_role" {
  statement {
    sid = "WriteContainerLogs"

    actions = [
      "logs:CreateLogStream",
      "logs:PutLogEvents",
    ]

    resources = ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:${aws_cloudwatch_log_group.this.name}:log-stream:*"]
  }
}
