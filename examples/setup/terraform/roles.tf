data "aws_iam_policy_document" "trust_github" {
  statement {
    sid     = "GitHub"
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [local.oidc_provider_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }

    # The form with the numbers is for repositories that were created, renamed or transferred since 15 July 2026, or have opted
    # in. So a repository that takes over the name of another one has it, and the form without numbers does not let it in.
    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:sub"
      values = [
        "repo:${var.owner}@${var.owner_id}/${var.repository}@${var.repository_id}:${var.context}",
        "repo:${var.owner}/${var.repository}:${var.context}",
      ]
    }
  }
}

data "aws_iam_policy_document" "trust_ecs" {
  statement {
    sid     = "Tasks"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:ecs:${local.region}:${local.account}:*"]
    }
  }
}

data "aws_iam_policy_document" "bucket" {
  statement {
    sid     = "OnlyByTls"
    effect  = "Deny"
    actions = ["s3:*"]

    resources = [
      aws_s3_bucket.staging.arn,
      "${aws_s3_bucket.staging.arn}/*",
    ]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_iam_role" "caller" {
  name               = "${var.name}-caller"
  description        = "For the workflows of one GitHub repository"
  assume_role_policy = data.aws_iam_policy_document.trust_github.json
}

resource "aws_iam_role_policy" "caller" {
  for_each = {
    "caller-running-task"    = data.aws_iam_policy_document.caller_running_task.json
    "caller-without-bucket"  = data.aws_iam_policy_document.caller_without_bucket.json
    "caller-public-ip"       = data.aws_iam_policy_document.caller_public_ip.json
    "caller-service"         = data.aws_iam_policy_document.caller_service.json
    "caller-protect"         = data.aws_iam_policy_document.caller_protect.json
    "caller-deployment"      = data.aws_iam_policy_document.caller_deployment.json
    "caller-service-start"   = data.aws_iam_policy_document.caller_service_start.json
    "caller-start-task"      = data.aws_iam_policy_document.caller_start_task.json
    "caller-definitions"     = data.aws_iam_policy_document.caller_definitions.json
    "caller-bucket"          = data.aws_iam_policy_document.caller_bucket.json
    "caller-logs-cloudwatch" = data.aws_iam_policy_document.caller_logs_cloudwatch.json
    "caller-diagnosis"       = data.aws_iam_policy_document.caller_diagnosis.json
  }

  role   = aws_iam_role.caller.id
  name   = each.key
  policy = each.value
}

resource "aws_iam_role" "task" {
  name               = "${var.name}-task"
  description        = "Of the containers and the exec agent"
  assume_role_policy = data.aws_iam_policy_document.trust_ecs.json
}

resource "aws_iam_role_policy" "task" {
  for_each = {
    "task-role"                 = data.aws_iam_policy_document.task_role.json
    "task-role-bucket"          = data.aws_iam_policy_document.task_role_bucket.json
    "task-role-logs-cloudwatch" = data.aws_iam_policy_document.task_role_logs_cloudwatch.json
  }

  role   = aws_iam_role.task.id
  name   = each.key
  policy = each.value
}

resource "aws_iam_role" "execution" {
  name               = "${var.name}-execution"
  description        = "Of Fargate, to start the containers"
  assume_role_policy = data.aws_iam_policy_document.trust_ecs.json
}

resource "aws_iam_role_policy" "execution" {
  for_each = {
    "execution-role" = data.aws_iam_policy_document.execution_role.json
  }

  role   = aws_iam_role.execution.id
  name   = each.key
  policy = each.value
}
