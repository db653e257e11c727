import { randomUUID } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { CloudWatchLogsClient, GetLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  type ContainerDefinition,
  ECSClient,
  ListTaskDefinitionsCommand,
  RegisterTaskDefinitionCommand,
} from "@aws-sdk/client-ecs";
import {
  type BucketLocationConstraint,
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  S3Client,
} from "@aws-sdk/client-s3";
import { runStep, type StepRequest, type StepResult } from "../../local/runner/step.ts";
import type { RecordedRequest } from "../../local/front/requests.ts";
import type { Keys } from "../../local/keys.ts";
import type { LocalOptions } from "../../local/options.ts";
import type { ContainerProcess } from "../../local/task/processes.ts";
import type { Task } from "../../local/task/task.ts";
import { PARENT_DIRECTORIES } from "../../src/payload/container-source.ts";
import { clientConfig, waitForStatus, runTask, startWorld, type World } from "../local/with-local.ts";
import { type Names, policyOf } from "../../local/iam/policy-files.ts";
import { Rights, type RightsOptions } from "./rights.ts";
import { waitForAnswer, eventually, until } from "./until.ts";

const actionDir = resolve(import.meta.dirname, "../..");

export type Inputs = Readonly<Record<string, string>>;

/** The door that takes these inputs, and the inputs: the root's are on this cluster unless they name another. */
function stepOf(inputs: Inputs, cluster: string): { readonly actionDir: string; readonly inputs: Inputs } {
  if ("handle" in inputs) return { actionDir: join(actionDir, "attach"), inputs };
  if ("forwards" in inputs) return { actionDir: join(actionDir, "forward"), inputs: { cluster, ...inputs } };
  return { actionDir, inputs: { cluster, ...inputs } };
}

export interface StepOptions extends Partial<
  Pick<
    StepRequest,
    | "actionDir"
    | "container"
    | "patience"
    | "env"
    | "strategy"
    | "secrets"
    | "signal"
    | "beforePost"
    | "onLine"
    | "node"
  >
> {
  /** Files of the workspace, by their path. */
  readonly files?: Readonly<Record<string, string | Buffer>>;
  /** Files of docs/iam that the step's role has beside those that its inputs need. */
  readonly also?: readonly string[];
  /** Files of docs/iam that it lacks. */
  readonly lacks?: readonly string[];
  /** Names for placeholders of these files that don't follow from the inputs. */
  readonly names?: Names;
}

function keysOf(env: Readonly<Record<string, string>>): Keys {
  const { AWS_ACCESS_KEY_ID: accessKeyId = "", AWS_SECRET_ACCESS_KEY: secretAccessKey = "" } = env;
  return { accessKeyId, secretAccessKey };
}

/**
 * One local Fargate for the tests of a file, and the bundled action on it. Each step runs as a user of its own, under exactly
 * the policies of docs/iam that its inputs need, and so does its task. The tests' own calls have all rights, and the user of
 * `local.env` has none.
 */
export class Aws {
  readonly world: World;
  /** The rights of the steps, and of their tasks. */
  readonly rights: Rights;
  #steps = 0;
  #roles = 0;
  readonly #s3: S3Client;
  readonly #ecs: ECSClient;
  readonly #logs: CloudWatchLogsClient;

  private constructor(world: World) {
    this.world = world;
    this.rights = new Rights(world);
    const config = clientConfig(world.local);
    // A kept-alive connection may be closed just as it is used again.
    this.#s3 = new S3Client({ ...config, forcePathStyle: true, maxAttempts: 3 });
    this.#ecs = new ECSClient({ ...config, maxAttempts: 3 });
    this.#logs = new CloudWatchLogsClient(config);
  }

  /** Delays are tens of milliseconds unless given, also the delay of the agent's first read. AWS's own agent first reads after
   * `FIRST_READ_MS`; tests give that when the wait matters.
   */
  static async start(options: LocalOptions = {}): Promise<Aws> {
    const world = await startWorld({ ...options, delays: { firstRead: 50, ...options.delays } });
    const { iam, env } = world.local;
    const aws = new Aws(world);
    iam.principals.addUser("local", { policies: [], keys: keysOf(env) });
    iam.principals.setSessions("demo-task", (task) => aws.rights.task(task));
    iam.principals.setRole("demo-execution", [policyOf("execution-role", aws.rights.names({}))]);
    return aws;
  }

  async stop(): Promise<void> {
    await this.world.local.stop();
  }

  /** Runs the step with a workspace of its own; on the seed's cluster unless the inputs name another. */
  async step(inputs: Inputs, options: StepOptions = {}): Promise<StepResult> {
    const { files = {}, env = {}, also = [], lacks = [], names = {}, ...more } = options;
    const { local, made } = this.world;
    const workspace = mkdtempSync(join(tmpdir(), "workspace-"));
    try {
      for (const [path, content] of Object.entries(files)) {
        mkdirSync(dirname(join(workspace, path)), { recursive: true });
        writeFileSync(join(workspace, path), content);
      }
      return await runStep({
        ...stepOf(inputs, made.cluster),
        env: { ...local.env, ...this.keysFor(inputs, { also, lacks, names }), ...env },
        workspace,
        ...more,
      });
    } finally {
      rmSync(workspace, { recursive: true });
    }
  }

  /** The keys of a new user with the policies of a step with these inputs. */
  keysFor(inputs: Inputs, options: RightsOptions = {}): Readonly<Record<string, string>> {
    const policies = this.rights.caller(inputs, options);
    const { principals } = this.world.local.iam;
    const keys = principals.addUser(`step-${(this.#steps += 1)}`, { policies });
    this.rights.register(keys.accessKeyId, inputs, options);
    return { AWS_ACCESS_KEY_ID: keys.accessKeyId, AWS_SECRET_ACCESS_KEY: keys.secretAccessKey };
  }

  /** The keys of a session that lasts this many seconds, as an earlier step of a job would leave them. Its role is a new one, with
   * the policies of a step with these inputs.
   */
  async sessionFor(inputs: Inputs, seconds: number): Promise<Readonly<Record<string, string>>> {
    const { local } = this.world;
    const name = `earlier-step-${(this.#roles += 1)}`;
    const arn = `arn:aws:iam::${local.accountId}:role/${name}`;
    local.iam.principals.setRole(name, this.rights.caller(inputs));
    this.rights.register(arn, inputs);
    return await local.sessionEnv(arn, seconds);
  }

  /** The inputs that start a new task of the seed's definition, or of another one. */
  newTask(taskDefinition: string = this.world.made.taskDefinition): Inputs {
    return { "task-definition": taskDefinition, subnets: this.world.made.subnets.join(",") };
  }

  /** A running task that takes sessions. */
  async runningTask(taskDefinition?: string, cluster = this.world.made.cluster): Promise<Task> {
    const more = taskDefinition === undefined ? {} : { taskDefinition };
    const task = await runTask(this.world, "exec sleep 600", {
      cluster,
      enableExecuteCommand: true,
      ...more,
      // With the definition's own command, if it is not the seed's definition.
      ...(taskDefinition === undefined ? {} : { overrides: {} }),
    });
    await waitForStatus(task, "RUNNING");
    await until(() => [...task.agents.values()].every(({ connected }) => connected !== undefined));
    return task;
  }

  /** Registers a task definition with the seed's task role. */
  async register(family: string, containers: readonly ContainerDefinition[], cpu = "512"): Promise<string> {
    const { ecs, local } = this.world;
    const { taskDefinition } = await ecs.send(
      new RegisterTaskDefinitionCommand(definition(family, containers, local.accountId, cpu)),
    );
    return taskDefinition?.taskDefinitionArn ?? "";
  }

  /** The task that the step names in its outputs. */
  taskOf({ outputs }: StepResult): Task {
    const task = this.world.local.tasks.find(({ arn }) => arn === outputs["task-arn"]);
    if (task === undefined) throw new Error(`the step names no task: ${JSON.stringify(outputs)}`);
    return task;
  }

  /** Calls of one operation whose body names this text, such as a task or an object. */
  calls(operation: string, text = ""): RecordedRequest[] {
    return this.world.local.requests.filter(
      (request) =>
        request.operation.startsWith(operation) &&
        (text === "" ||
          request.operation.includes(text) ||
          JSON.stringify(request.body ?? "").includes(text)),
    );
  }

  /** Tasks that were started by a step and have not been asked to stop. */
  startedAndAlive(): readonly Task[] {
    return this.world.local.tasks.filter(
      ({ plan, desiredStatus }) =>
        plan.startedBy?.startsWith("fargate-exec/") === true && desiredStatus === "RUNNING",
    );
  }

  /** Keys in the seed's bucket. */
  async objects(prefix = "fargate-exec/"): Promise<string[]> {
    const { Contents = [] } = await this.#s3.send(
      new ListObjectsV2Command({ Bucket: this.world.made.bucket, Prefix: prefix }),
    );
    return Contents.map(({ Key = "" }) => Key);
  }

  /** The text of an object in the seed's bucket. */
  async read(key: string): Promise<string> {
    const { Body } = await this.#s3.send(new GetObjectCommand({ Bucket: this.world.made.bucket, Key: key }));
    return (await Body?.transformToString()) ?? "";
  }

  /** ARNs of the task definitions that have not been deregistered. */
  async definitions(): Promise<string[]> {
    const answer = await this.#ecs.send(new ListTaskDefinitionsCommand({ status: "ACTIVE" }));
    return answer.taskDefinitionArns ?? [];
  }

  get s3(): S3Client {
    return this.#s3;
  }

  /** A client of another region, and a new bucket there. */
  async bucketIn(
    region: BucketLocationConstraint,
  ): Promise<{ readonly s3: S3Client; readonly name: string }> {
    const s3 = new S3Client({
      ...clientConfig(this.world.local),
      region,
      forcePathStyle: true,
      maxAttempts: 3,
    });
    const name = `in-${region}-${randomUUID()}`;
    const CreateBucketConfiguration = { LocationConstraint: region };
    await s3.send(new CreateBucketCommand({ Bucket: name, CreateBucketConfiguration }));
    return { s3, name };
  }

  /** The transcripts of a session in the bucket and in the log group, once both are complete. */
  async transcripts({ outputs }: StepResult): Promise<{ s3: string; cloudwatch: string }> {
    const { made } = this.world;
    const sessionId = outputs["session-id"] ?? "";
    const key = `sessions/${sessionId}.log`;
    await eventually(async () => (await this.objects("sessions/")).includes(key), true);
    const object = await this.#s3.send(new GetObjectCommand({ Bucket: made.bucket, Key: key }));
    const s3 = (await object.Body?.transformToString()) ?? "";
    const stream = { logGroupName: made.logGroup, logStreamName: sessionId, startFromHead: true };
    const cloudwatch = await waitForAnswer(`the transcript of ${sessionId} in CloudWatch Logs`, async () => {
      const answer = await this.#logs.send(new GetLogEventsCommand(stream)).catch(() => undefined);
      const text = (answer?.events ?? []).map(({ message = "" }) => message).join("\n");
      // The last line of a transcript is script's own.
      return text.includes("Script done") ? text : undefined;
    });
    return { s3, cloudwatch };
  }
}

/** A task definition for Fargate, as RegisterTaskDefinition and files have it. */
export function definition(
  family: string,
  containerDefinitions: readonly ContainerDefinition[],
  accountId: string,
  cpu = "512",
) {
  return {
    family,
    networkMode: "awsvpc" as const,
    requiresCompatibilities: ["FARGATE" as const],
    cpu,
    memory: String(Math.max(1024, Number(cpu) * 2)),
    taskRoleArn: `arn:aws:iam::${accountId}:role/demo-task`,
    containerDefinitions: [...containerDefinitions],
  };
}

/** A container of a stock image whose PID 1 is `tail`, which reaps nothing. */
export const withoutInit: ContainerDefinition = {
  name: "app",
  image: "public.ecr.aws/docker/library/python:3.13-slim",
  essential: true,
  command: ["tail", "-f", "/dev/null"],
  stopTimeout: 1,
};

/** All processes of a container, PID 1 first. */
export function processes(task: Task, container = "app"): ContainerProcess[] {
  return task.containers.find(({ definition: { name } }) => name === container)?.processes() ?? [];
}

/** All paths below a directory of a container. */
export function filesIn(task: Task, directory: string): string[] {
  const pid = pidIn(task);
  // The parts of a checkout that containers need for their python are mounted there.
  const own = relative(directory, actionDir);
  return readdirSync(`/proc/${pid}/root${directory}`, { recursive: true })
    .map(String)
    .filter((name) => !`${own}/`.startsWith(`${name}/`) && !name.startsWith(`${own}/`));
}

/** Fails unless a task of `withoutInit` has PID 1 only: no other process, no zombie, no temporary file. */
export async function expectClean(task: Task): Promise<void> {
  const left = (): string[] => processes(task).map(({ state, command }) => `${state} ${command}`);
  // The exec agent's own `script` may run for a moment after the session.
  await eventually(left, ["S tail -f /dev/null"]);
  for (const directory of ["/tmp", "/dev/shm"]) expect(filesIn(task, directory)).toEqual([]);
  expect(jobDirectories(task)).toEqual([]);
}

/** The job directories in a container, in all places for them. */
export function jobDirectories(task: Task): string[] {
  return PARENT_DIRECTORIES.flatMap((place) => {
    const names = existsSync(`/proc/${pidIn(task)}/root${place}`)
      ? readdirSync(`/proc/${pidIn(task)}/root${place}`)
      : [];
    return names.filter((name) => name.startsWith("fargate-exec-")).map((name) => `${place}/${name}`);
  });
}

function pidIn(task: Task): number {
  return task.containers[0]?.handle?.pid ?? 0;
}

/** The log of main itself, without the inputs that the runner prints before main starts. */
export function mainLog({ log }: StepResult): readonly string[] {
  return log.slice(log.indexOf("##[endgroup]") + 1);
}

/** The header line, which comes before a job's output. */
export const HEADER = /^(\[task \d+\] )?fargate-exec run=/;

/** The job's lines: from its header on, up to the cleanup or to the first annotation, which lifts the guard. */
export function jobLog(result: StepResult): readonly string[] {
  const log = mainLog(result);
  const header = log.findIndex((line) => HEADER.test(line));
  const end = log.findIndex((line, at) => at > header && END_OF_JOB.test(line));
  if (header < 0 || end < 0) throw new Error(`no job in this log:\n${log.join("\n")}`);
  // The header is folded.
  return log.slice(log[header + 1] === "##[endgroup]" ? header + 2 : header + 1, end);
}

const END_OF_JOB = /^(##\[group\](The task stays protected|Cleaning up)|::(\*\*\*|[0-9a-f-]{36})::)$/;

/** The pid of a step's main or post process, which is recognised by its workspace or an input. */
export function pidOf(mark: string, part = "dist/index.js"): number | undefined {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
        return command.endsWith(`/${part}\0`) && readFileSync(`/proc/${pid}/environ`, "utf8").includes(mark);
      } catch {
        return false; // It has ended meanwhile.
      }
    });
}
