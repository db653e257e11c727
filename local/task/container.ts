import { randomBytes, randomInt } from "node:crypto";
import type { ContainerDefinition } from "../ecs-shapes.ts";
import { rootFileSystem, BuildError, type RootFileSystem } from "../images/root.ts";
import { deferred } from "../agent/deferred.ts";
import { init } from "../python.ts";
import type { ContainerHandle } from "../agent/container-handle.ts";
import { HealthCheck } from "./health.ts";
import { imageNamed, type Image, type LayeredImage } from "../images/image.ts";
import { CommandRefused, type IsolatedProcess, type IsolateOptions } from "./isolate.ts";
import { processesBeside, type ContainerProcess } from "./processes.ts";

/** How much of a container's last line is kept, in bytes. */
const LAST_LINE_BYTES = 300;

/** How the end of a container is recorded. A member that is not given is recorded as it was observed. */
export interface ContainerEnd {
  /** 137 after SIGKILL. */
  readonly exitCode?: number;
  /** Such as `OutOfMemoryError: Container killed due to memory usage`. */
  readonly reason?: string;
}

/** The parts of the task that a container needs. */
export interface ContainerContext {
  readonly taskArn: string;
  readonly taskId: string;
  readonly isOnFargate: boolean;
  readonly clusterName: string;
  readonly hostname: string;
  readonly ip: string;
  /** The variables that the platform adds, for the container's runtime id. */
  readonly platformEnv: (runtimeId: string) => Readonly<Record<string, string>>;
  /** The caller's own images. */
  readonly images: Readonly<Record<string, LayeredImage>>;
  readonly isolate: (options: IsolateOptions) => Promise<IsolatedProcess>;
  /** The longest pause between two health checks, in milliseconds. */
  readonly healthInterval: number;
  /** The names of the variables that the commands of sessions don't get. */
  readonly hiddenFromExec: readonly string[];
}

/** One container of a task: a tree of isolated processes, once started. */
export class Container {
  readonly definition: ContainerDefinition;
  readonly runtimeId: string;
  readonly arn: string;
  lastStatus: "PENDING" | "RUNNING" | "STOPPED" = "PENDING";
  createdAt: number | undefined;
  startedAt: number | undefined;
  exitCode: number | undefined;
  reason: string | undefined;
  /** The last line that it has printed, as far as it is known: a text of some hundred characters. */
  lastLine = "";
  handle: ContainerHandle | undefined;
  readonly health: HealthCheck | undefined;
  /** Resolves once it runs. */
  readonly running: Promise<undefined>;
  /** Resolves with its status once it has ended. */
  readonly ended: Promise<number>;
  readonly #running = deferred<undefined>();
  readonly #ended = deferred<number>();
  readonly #context: ContainerContext;
  #root: RootFileSystem | undefined;
  #isolated: IsolatedProcess | undefined;
  #recordedEnd: ContainerEnd | undefined;

  constructor(definition: ContainerDefinition, arn: string, context: ContainerContext) {
    this.definition = definition;
    this.arn = arn;
    this.#context = context;
    this.runtimeId = context.isOnFargate
      ? `${context.taskId}-${randomInt(10 ** 9, 10 ** 10)}`
      : // On EC2 it is Docker's id.
        randomBytes(32).toString("hex");
    this.health = definition.healthCheck && new HealthCheck(definition.healthCheck, context.healthInterval);
    this.running = this.#running.promise;
    this.ended = this.#ended.promise;
  }

  get essential(): boolean {
    return this.definition.essential ?? true;
  }

  /** Pulls the image. Resolves with undefined, or with the text of a failed pull. */
  async pull(): Promise<string | undefined> {
    const name = this.definition.image;
    const image = imageNamed(name, this.#context.images);
    try {
      if (image?.own !== undefined) this.#root = await rootFileSystem(image.own);
    } catch (error) {
      if (!(error instanceof BuildError)) throw error;
      this.reason = `CannotPullContainerError: ${error.message}`;
      return this.reason;
    }
    if (image !== undefined) return undefined;
    const full = name.includes(".") ? name : `docker.io/library/${name}`;
    this.reason = `CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref ${full}: ${full}: not found`;
    return this.reason;
  }

  /** Records why the container is never started, and returns that reason. */
  fail(reason: string): string {
    this.lastStatus = "STOPPED";
    this.reason = reason;
    return reason;
  }

  /**
   * Starts the command. Resolves with true once it runs, or with false when the runtime refused it; then `reason` is set.
   * `onOutput` gets both streams together, as a log driver does. `onExit` is called once, after the status was recorded.
   */
  async start(onOutput: (chunk: Buffer) => void, onExit: () => void): Promise<boolean> {
    const image = imageNamed(this.definition.image, this.#context.images);
    if (image === undefined) throw new Error(`Image ${this.definition.image} was never pulled.`);
    const env = this.#environment(image);
    const workdir = this.definition.workingDirectory ?? image.workdir;
    this.createdAt = Date.now();
    try {
      this.#isolated = await this.#context.isolate({
        command: this.#command(image),
        env,
        workdir,
        user: this.definition.user,
        hostname: this.#context.hostname,
        ip: this.#context.ip,
        root: this.#root?.directory,
        layer: image.layer,
        init:
          this.definition.linuxParameters?.initProcessEnabled === true
            ? (this.#root?.init ?? init)
            : undefined,
      });
    } catch (error) {
      if (!(error instanceof CommandRefused)) throw error;
      this.reason = `CannotStartContainerError: ResourceInitializationError: failed to create new container runtime task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: ${error.message}: unknown`;
      this.lastStatus = "STOPPED";
      return false;
    }
    const { pid, exited, stdout, stderr } = this.#isolated;
    for (const stream of [stdout, stderr]) {
      stream.on("data", onOutput);
      stream.on("data", (chunk: Buffer) => this.#noteLastLine(chunk));
    }
    const hidden = this.#context.hiddenFromExec;
    this.handle = {
      name: this.definition.name,
      runtimeId: this.runtimeId,
      taskArn: this.#context.taskArn,
      clusterName: this.#context.clusterName,
      pid,
      // The agent runs as root, even when the container's command runs as another user.
      env: {
        HOME: "/root",
        ...Object.fromEntries(Object.entries(env).filter(([name]) => !hidden.includes(name))),
      },
      workdir,
    };
    this.startedAt = Date.now();
    this.lastStatus = "RUNNING";
    this.#running.resolve(undefined);
    void this.health?.watch(this.handle, exited);
    void exited.then((status) => {
      this.exitCode = this.#recordedEnd?.exitCode ?? status;
      this.reason = this.#recordedEnd?.reason ?? this.reason;
      this.lastStatus = "STOPPED";
      this.#ended.resolve(this.exitCode);
      onExit();
    });
    return true;
  }

  #noteLastLine(chunk: Buffer): void {
    const end = chunk.subarray(-LAST_LINE_BYTES).toString("utf8").trimEnd();
    const line = end.slice(end.lastIndexOf("\n") + 1).replace(/[^\x20-\x7e]/g, "?");
    if (line !== "") this.lastLine = line;
  }

  /** Sends SIGTERM to PID 1, and SIGKILL when PID 1 still lives after `timeout` milliseconds. */
  async stop(timeout: number): Promise<void> {
    if (this.#isolated === undefined || this.lastStatus === "STOPPED") return;
    this.signal("SIGTERM");
    const timer = setTimeout(() => {
      this.signal("SIGKILL");
    }, timeout);
    await this.#isolated.exited;
    clearTimeout(timer);
  }

  /** Sends a signal to PID 1. */
  signal(signal: NodeJS.Signals): void {
    if (this.lastStatus === "RUNNING") this.#isolated?.signal(signal);
  }

  /** Kills the container at once. Resolves when its last process is gone. `end` is how ECS records that. */
  async kill(end?: ContainerEnd): Promise<void> {
    this.#recordedEnd ??= end;
    this.signal("SIGKILL");
    await this.#isolated?.exited;
  }

  processes(): ContainerProcess[] {
    return this.handle === undefined || this.lastStatus !== "RUNNING" ? [] : processesBeside(this.handle.pid);
  }

  #command(image: Image): readonly [string, ...string[]] {
    const { entryPoint = [], command = [] } = this.definition;
    // A definition's entry point replaces not only the image's entry point but also its command.
    const given = entryPoint.length > 0 ? entryPoint : (image.entryPoint ?? []);
    const words = command.length > 0 || entryPoint.length > 0 ? command : image.command;
    const [first, ...rest] = [...given, ...words];
    return first === undefined ? image.command : [first, ...rest];
  }

  #environment(image: Image): Record<string, string> {
    const own = (this.definition.environment ?? []).map(({ name, value }) => [name, value] as const);
    return {
      ...image.env,
      ...Object.fromEntries(own),
      HOSTNAME: this.#context.hostname,
      ...this.#context.platformEnv(this.runtimeId),
    };
  }
}
