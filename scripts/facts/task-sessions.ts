import {
  DescribeTasksCommand,
  ExecuteCommandCommand,
  RunTaskCommand,
  StopTaskCommand,
} from "@aws-sdk/client-ecs";
import { TerminateSessionCommand } from "@aws-sdk/client-ssm";
import type { AwsClients } from "../../src/aws/clients.ts";
import { systemClock } from "../../src/clock.ts";
import type { Log } from "../../src/log.ts";
import { openSession, type Session } from "../../src/session/session.ts";

/** The outputs of the set-up's stack, by their names. */
export type Outputs = Readonly<Record<string, string>>;

const LONGEST_START_MS = 600_000;
const LOOK_EVERY_MS = 2_000;

/** A log whose lines for users go to `say`. */
export function logOf(say: (line: string) => void): Log {
  const nothing = (): void => undefined;
  return {
    ...{ info: say, warning: say, notice: say },
    ...{ debug: nothing, phase: nothing, warnOnce: nothing, fold: nothing },
  };
}

/** The ticket of a session that ExecuteCommand has made. */
export interface Ticket {
  readonly sessionId: string;
  readonly streamUrl: string;
  readonly token: string;
}

/** Sessions in a task of their own, of the set-up's definition. */
export class TaskSessions {
  readonly clients: AwsClients;
  readonly #cluster: string;
  readonly #task: string;
  /** `ecs:<cluster>_<task>_<runtime id>`. */
  readonly target: string;

  private constructor(clients: AwsClients, cluster: string, task: string, runtimeId: string) {
    this.clients = clients;
    this.#cluster = cluster;
    this.#task = task;
    this.target = `ecs:${cluster}_${task.split("/").at(-1) ?? ""}_${runtimeId}`;
  }

  /** Starts the task, which ends by itself after `minutes`, and waits for its exec agent. */
  static async start(clients: AwsClients, outputs: Outputs, minutes: number): Promise<TaskSessions> {
    const ecs = await clients.ecs();
    const cluster = outputs["Cluster"] ?? "";
    const { tasks = [], failures = [] } = await ecs.send(
      new RunTaskCommand({
        ...{ cluster, taskDefinition: outputs["TaskDefinition"], launchType: "FARGATE" },
        enableExecuteCommand: true,
        networkConfiguration: {
          awsvpcConfiguration: {
            subnets: (outputs["Subnets"] ?? "").split(","),
            securityGroups: [outputs["SecurityGroup"] ?? ""],
            assignPublicIp: "ENABLED",
          },
        },
        overrides: {
          containerOverrides: [{ name: "app", command: ["sleep", String(Math.ceil(minutes * 60))] }],
        },
      }),
    );
    const task = tasks[0]?.taskArn;
    if (task === undefined) throw new Error(`RunTask started nothing: ${JSON.stringify(failures)}`);
    const until = Date.now() + LONGEST_START_MS;
    for (;;) {
      const answer = await ecs.send(new DescribeTasksCommand({ cluster, tasks: [task] }));
      const found = answer.tasks?.[0];
      const container = found?.containers?.[0];
      if (container?.managedAgents?.some(({ lastStatus }) => lastStatus === "RUNNING") === true)
        return new TaskSessions(clients, cluster, task, container.runtimeId ?? "");
      if (found?.lastStatus === "STOPPED" || Date.now() > until)
        throw new Error(`The task's exec agent did not run: ${found?.stoppedReason ?? "no reason is known"}`);
      await systemClock.sleep(LOOK_EVERY_MS);
    }
  }

  async stop(): Promise<void> {
    const ecs = await this.clients.ecs();
    await ecs.send(
      new StopTaskCommand({ cluster: this.#cluster, task: this.#task, reason: "The look is over" }),
    );
  }

  /** A session in which a script of sh runs. */
  async ticket(script: string): Promise<Ticket> {
    const ecs = await this.clients.ecs();
    const { session } = await ecs.send(
      new ExecuteCommandCommand({
        ...{ cluster: this.#cluster, task: this.#task, interactive: true },
        command: `/bin/sh -c '${script.replaceAll("'", `'\\''`)}'`,
      }),
    );
    const { sessionId = "", streamUrl = "", tokenValue: token = "" } = session ?? {};
    return { sessionId, streamUrl, token };
  }

  /** Opens a session. `onLog` is told what the transport says of its connections. */
  async open(script: string, onLog: (line: string) => void = () => undefined): Promise<Session> {
    const ticket = await this.ticket(script);
    return await openSession({
      ...{ ...ticket, aws: this.clients, log: logOf(onLog), clock: systemClock, sessionTarget: this.target },
      // The set-up's cluster has no key.
      encryption: { kind: "none" },
    });
  }

  /** What a script prints. */
  async output(script: string): Promise<string> {
    const chunks: Uint8Array[] = [];
    for await (const bytes of (await this.open(script)).output) chunks.push(bytes);
    return Buffer.concat(chunks).toString("utf8").trim();
  }

  async terminate(sessionId: string): Promise<void> {
    const ssm = await this.clients.ssm();
    await ssm.send(new TerminateSessionCommand({ SessionId: sessionId }));
  }
}
