/** The inputs that need a new task. */
export const newTaskInputNames = [
  "subnets",
  "security-groups",
  "assign-public-ip",
  "capacity-providers",
  "cpu",
  "memory",
  "task-role",
  "execution-role",
  "tags",
  "overrides",
] as const;

/** The inputs of `action.yml` in its order; a test compares the two, and those of the other doors' `action.yml` below. */
export const inputNames = [
  "cluster",
  "role-to-assume",
  "check",
  "task",
  "service",
  "task-definition",
  "image",
  "borrow",
  "architecture",
  "container",
  "tasks",
  "max-parallel",
  "fail-fast",
  "protect",
  "start",
  "deployment",
  "hold",
  ...newTaskInputNames,
  "keep-task",
  "start-timeout",
  "queue-timeout",
  "run",
  "script-file",
  "shell",
  "args",
  "working-directory",
  "stdin",
  "files",
  "artifacts",
  "artifacts-path",
  "artifacts-max-size",
  "artifacts-missing",
  "reports",
  "env",
  "secrets",
  "items",
  "batch",
  "workers",
  "user",
  "stderr",
  "timeout",
  "retry",
  "retry-attempts",
  "detach",
  "lock",
  "matrix",
  "bucket",
  "bucket-owner",
  "kms-key-id",
  "logs",
  "log-to-container",
  "workflow-commands",
  "summary",
  "region",
] as const;

export const attachInputNames = [
  "handle",
  "detach",
  "artifacts-path",
  "role-to-assume",
  "region",
  "summary",
] as const;

export const forwardInputNames = [
  "cluster",
  "role-to-assume",
  "task",
  "service",
  "task-definition",
  "image",
  "borrow",
  "architecture",
  "container",
  "start",
  "hold",
  ...newTaskInputNames,
  "start-timeout",
  "queue-timeout",
  "forwards",
  "timeout",
  "bucket",
  "bucket-owner",
  "kms-key-id",
  "region",
] as const;

export type InputName =
  (typeof inputNames)[number] | (typeof attachInputNames)[number] | (typeof forwardInputNames)[number];

/** What a step is started by: the action itself, or one of its doors `attach` and `forward`. */
export type Door = "root" | "attach" | "forward";

/** The inputs of each door. */
export const INPUTS_OF: Readonly<Record<Door, readonly InputName[]>> = {
  root: inputNames,
  attach: attachInputNames,
  forward: forwardInputNames,
};
