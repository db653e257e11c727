import type { ExecConfiguration } from "../../src/aws/ecs.ts";
import type { Inputs } from "../../src/inputs/inputs.ts";
import type { Target } from "../../src/targets/target.ts";
import { CLUSTER, ID, TASK } from "./tasks.ts";

/** The configuration of a cluster that sets none, changed by `more`. */
export function anExecConfiguration(more: Partial<ExecConfiguration> = {}): ExecConfiguration {
  return {
    logging: "DEFAULT",
    kmsKeyId: undefined,
    cloudWatchLogGroup: undefined,
    cloudWatchEncryption: false,
    s3Bucket: undefined,
    s3Prefix: undefined,
    s3Encryption: false,
    ...more,
  };
}

/** The inputs of a step with the required ones only, changed by those given. */
export function anInputs(more: Partial<Inputs> = {}): Inputs {
  return {
    cluster: "ci",
    roleToAssume: undefined,
    check: false,
    where: { kind: "task", task: ID },
    deployment: undefined,
    container: undefined,
    protect: false,
    startTimeout: 600_000,
    queueTimeout: 3_600_000,
    script: { kind: "run", text: "echo hello\n" },
    shell: undefined,
    args: [],
    ...{ stdin: undefined, files: undefined, reports: undefined, artifacts: undefined, itemFiles: undefined },
    workingDirectory: undefined,
    user: undefined,
    env: {},
    secrets: {},
    workers: 1,
    stderr: "apart",
    timeout: 3_600_000,
    retry: undefined,
    matrix: undefined,
    ...{ lock: undefined, detach: undefined },
    maxParallel: undefined,
    failFast: false,
    bucket: undefined,
    prefix: "fargate-exec/",
    bucketOwner: undefined,
    kmsKeyId: undefined,
    logs: "auto",
    logToContainer: false,
    workflowCommands: false,
    summary: true,
    region: "eu-central-1",
    ...more,
  };
}

export function aTarget(more: Partial<Target> = {}): Target {
  return {
    clusterArn: CLUSTER,
    clusterName: "ci",
    taskArn: TASK,
    taskId: ID,
    container: "app",
    started: false,
    cpuUnits: 1024,
    privateIp: "10.0.0.7",
    ...more,
  };
}
