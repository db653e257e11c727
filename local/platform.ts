import type { AgentFaults } from "./agent/session.ts";
import { ExecAgent } from "./agent/agent.ts";
import { ScriptedContainer } from "./agent/scripted-container.ts";
import { scriptedTerminal } from "./agent/scripted-terminal.ts";
import type { Gateway } from "./gateway/gateway.ts";
import type { Iam } from "./iam/iam.ts";
import { NO_ROLE_KEYS } from "./keys.ts";
import { python } from "./python.ts";
import type { Settings } from "./settings.ts";
import type { Endpoint } from "./signed-fetch.ts";
import type { Sts } from "./sts/sts.ts";
import { awslogsGroup, AwsLogs } from "./task/awslogs.ts";
import { credentialsPath, executionKeys } from "./task/credentials.ts";
import { isolate } from "./task/isolate.ts";
import { createInterface } from "./task/network.ts";
import { isolateByPodman } from "./task/podman.ts";
import type { Platform } from "./task/task.ts";

/** The rights of the task role that the exec agent needs to register. */
const CONTROL = ["ssmmessages:CreateControlChannel", "ssmmessages:OpenControlChannel"];
/** The rights of the task role that the exec agent needs to serve a session. */
const DATA = ["ssmmessages:CreateDataChannel", "ssmmessages:OpenDataChannel"];

/** The parts of a local Fargate that its tasks need. */
export interface PlatformParts {
  readonly settings: Settings;
  readonly moto: Endpoint;
  /** The front's address, once it listens. */
  readonly url: () => string;
  readonly gateway: Gateway;
  readonly faults: AgentFaults;
  readonly iam: Iam;
  readonly sts: Sts;
}

/** The platform that tasks run on. */
export function platformOf(parts: PlatformParts): Platform {
  const { settings, moto, url, gateway, faults, iam, sts } = parts;
  const { region, log } = settings;
  let addresses = 0;
  let tasks = 0;
  return {
    settings,
    // Every address of 127/8 is this machine's, so each task gets one of its own.
    nextIp: () => {
      addresses += 1;
      return `127.16.${addresses >> 8}.${addresses & 255}`;
    },
    nextScript: () => settings.scripted(tasks++),
    createInterface: (network) => createInterface(moto, network),
    mayConnect: (task) => iam.isRoleAllowed(task.taskRoleArn, CONTROL),
    makeAgent: (container, task) =>
      new ExecAgent({
        ...{ container, gateway, sessionLimit: settings.sessionLimit, python, faults, log },
        firstRead: settings.delays.firstRead,
        terminal: task.script && scriptedTerminal(new ScriptedContainer(task.script, task.arn)),
        mayOpenChannel: () => iam.isRoleAllowed(task.taskRoleArn, DATA),
      }),
    isolate: settings.runtime === "podman" ? isolateByPodman : isolate,
    environment: (task, runtimeId) => ({
      AWS_EXECUTION_ENV: "AWS_ECS_FARGATE",
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      // AWS_CONTAINER_CREDENTIALS_RELATIVE_URI would lead to 169.254.170.2.
      ...(task.taskRoleArn !== undefined && {
        AWS_CONTAINER_CREDENTIALS_FULL_URI: url() + credentialsPath(task),
      }),
      ECS_CONTAINER_METADATA_URI_V4: `${url()}/v4/${runtimeId}`,
      ECS_AGENT_URI: `${url()}/api/${runtimeId}`,
      ...(settings.names === "local" && { AWS_ENDPOINT_URL: url() }),
    }),
    output: async (task, { definition }) => {
      if (task.script !== undefined || awslogsGroup(definition) === undefined) return () => undefined;
      const keys = (await executionKeys(task, sts)) ?? NO_ROLE_KEYS;
      // A container's last output may come when the local CloudWatch Logs has already stopped.
      const complain = (line: string): void => {
        if (!task.destroyed) log(line);
      };
      const at = { endpoint: url(), region, keys };
      const logs = await AwsLogs.open({ ...at, definition, taskId: task.id, log: complain });
      return logs.write;
    },
  };
}
