variable "name" {
  description = "Name of the cluster, the service and the task definition. The names of the roles and the bucket begin with it."
  type        = string
  default     = "fargate-exec"

  validation {
    # EC2 refuses a security group whose name begins with sg-.
    condition     = can(regex("^[a-z][a-z0-9-]{0,29}$", var.name)) && !startswith(var.name, "sg-")
    error_message = "The name has up to 30 lower-case letters, digits and hyphens. It begins with a letter, and not with sg-."
  }
}

variable "owner" {
  description = "The user or organization that owns the repository."
  type        = string
}

variable "owner_id" {
  description = "The number of the owner. gh api repos/OWNER/REPOSITORY --jq .owner.id prints it."
  type        = string

  validation {
    condition     = can(regex("^[0-9]+$", var.owner_id))
    error_message = "The owner's id is a number."
  }
}

variable "repository" {
  description = "The repository whose workflows may assume the role, without its owner."
  type        = string
}

variable "repository_id" {
  description = "The number of the repository. gh api repos/OWNER/REPOSITORY --jq .id prints it."
  type        = string

  validation {
    condition     = can(regex("^[0-9]+$", var.repository_id))
    error_message = "The repository's id is a number."
  }
}

variable "context" {
  description = "The jobs that may assume the role, given as the end of the ID token's sub, such as ref:refs/heads/main, pull_request or environment:production."
  type        = string
  default     = "ref:refs/heads/main"

  validation {
    condition     = can(regex("^[^*?]+$", var.context))
    error_message = "The context has no wildcards."
  }
}

variable "oidc_provider_arn" {
  description = "ARN of the provider of token.actions.githubusercontent.com if the account has one already. An account can't have two."
  type        = string
  default     = ""
}

variable "vpc_id" {
  type = string
}

variable "subnets" {
  description = "Subnets of that VPC. Tasks need a way to AWS from them, by an internet gateway, a NAT gateway or VPC endpoints."
  type        = list(string)
}

variable "assign_public_ip" {
  description = "True for subnets whose way out is an internet gateway, such as those of a default VPC."
  type        = bool
  default     = true
}

variable "image" {
  description = "Image of the service's tasks. It needs sh and python3."
  type        = string
  default     = "public.ecr.aws/docker/library/python:3.13-slim"
}

variable "port" {
  description = "Port on which the service answers /health, to its own container alone."
  type        = number
  default     = 8080
}

variable "session_logs" {
  description = "Logging of the cluster's sessions. DEFAULT: to the container's log group, and jobs run side by side. OVERRIDE: to the same group as an audit log, so each job keeps a session to its end, and a container runs two jobs at once. NONE: no log of sessions."
  type        = string
  default     = "DEFAULT"

  validation {
    condition     = contains(["DEFAULT", "OVERRIDE", "NONE"], var.session_logs)
    error_message = "The logging of sessions is DEFAULT, OVERRIDE or NONE."
  }
}
