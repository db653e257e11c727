import { Transform, Writable } from "node:stream";
import { constants, gunzipSync } from "node:zlib";
import type { RunnerProcess } from "../../src/doors/github/process.ts";
import { randomBuffer, randomId } from "../random.ts";
import { Host } from "../time.ts";
import type { World } from "../world/world.ts";
import { servicesOf } from "./services.ts";
import { Ports } from "./ports.ts";
import { Sockets } from "./socket.ts";

type Env = Readonly<Record<string, string>>;

/** One process of a step: main or post. */
export class Process {
  readonly host: Host;
  env: Env;
  /** Of the address of its workflow run. */
  serverUrl = "https://github.com";
  readonly files = new Map<string, string>();
  exitCode = 0;
  stdout = "";
  readonly sockets: Sockets;
  readonly ports: Ports;
  readonly #world: World;
  readonly #actor: string;
  readonly #ahead: number;
  readonly #listeners: ((signal: "SIGINT" | "SIGTERM") => void)[] = [];
  /** How many timers and calls keep the process alive. */
  #pending = 0;
  #onIdle: () => void = () => undefined;

  /** `ahead`: the milliseconds by which the clock of its machine is ahead. */
  constructor(
    world: World,
    actor: string,
    {
      kind,
      env,
      ahead = 0,
    }: { readonly kind: string; readonly env: Env; readonly ahead?: number | undefined },
  ) {
    this.#world = world;
    this.#ahead = ahead;
    this.#actor = actor;
    this.env = env;
    this.host = new Host(`${kind} of ${actor}`, world.base.host);
    this.sockets = new Sockets(world, actor, this.host);
    this.ports = new Ports(world.base.time, this.host);
  }

  /** Resolves when no timer and no call keeps the process alive. */
  async idle(): Promise<void> {
    do {
      if (this.#pending > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
      // What has just settled may begin something else.
      await this.#world.base.time.sleep(this.host, 0);
    } while (this.#pending > 0);
  }

  /** Counts what keeps the process alive. */
  #keep<T>(promise: Promise<T>): Promise<T> {
    this.#pending += 1;
    const settled = (): void => {
      this.#pending -= 1;
      if (this.#pending === 0) this.#onIdle();
    };
    promise.then(settled, settled);
    return promise;
  }

  /** What the action sees of its process. */
  surroundings(onExit: (code: number) => void): RunnerProcess {
    const { time } = this.#world.base;
    const now = (): number => time.now + this.#ahead;
    const random = this.#world.base.random(`chance of ${this.host.name}`);
    const stdout = new Writable({
      write: (chunk: Buffer, _encoding, callback) => {
        this.#show(chunk.toString());
        callback();
      },
    });
    const [owner = "", repo = ""] = (this.env["GITHUB_REPOSITORY"] ?? "").split("/");
    return {
      context: () => ({
        ...{ repo: { owner, repo }, runId: Number(this.env["GITHUB_RUN_ID"]) },
        ...{ runAttempt: Number(this.env["GITHUB_RUN_ATTEMPT"]), serverUrl: this.serverUrl },
      }),
      world: {
        clock: {
          now,
          sleep: (ms, signal) => this.#keep(time.sleep(this.host, ms, signal)),
          every: (ms, tick) => time.every(this.host, ms, tick),
          turn: () => time.sleep(this.host, 0),
          random: {
            fraction: random,
            bytes: (count) => randomBuffer(random, count),
            uuid: () => randomId(random),
          },
        },
        env: { ...this.env },
        services: (options) =>
          servicesOf(
            this.#world,
            { name: this.#actor, host: this.host, ahead: this.#ahead },
            options,
            (call) => this.#keep(call),
          ),
        openSocket: this.sockets.open,
        ports: this.ports,
        gunzip: gunzipAtOnce,
        // Each runner is on a machine of its own.
        machineLock: () => Promise.resolve({ take: () => Promise.resolve({ release: () => undefined }) }),
      },
      directory: this.env["GITHUB_WORKSPACE"] ?? "",
      began: now(),
      stdout,
      onSignal: (act) => void this.#listeners.push(act),
      exit: (code) => {
        this.exitCode = code;
        onExit(code);
      },
      setExitCode: (code) => (this.exitCode = code),
      appendFile: (path, text) => void this.files.set(path, (this.files.get(path) ?? "") + text),
      getJson: (_url, _bearer, over) =>
        this.#keep(this.#world.roles.idToken({ name: this.#actor, host: this.host }, over)),
    };
  }

  /** Calls `act` at each signal, beside the step. */
  onSignal(act: () => void): void {
    this.#listeners.push(act);
  }

  /** A signal comes, at the next moment at which the process runs. */
  signal(name: "SIGINT" | "SIGTERM"): void {
    this.#world.base.time.after(this.host, 0, () => {
      for (const act of this.#listeners) act(name);
    });
  }

  #show(text: string): void {
    this.stdout += text;
    for (const line of text.trimEnd().split("\n")) this.#world.base.timeline.note(this.#actor, `| ${line}`);
  }
}

/** Unpacks gzip in this thread, since the pool of threads would decide when. */
function gunzipAtOnce(): Transform {
  const packed: Buffer[] = [];
  return new Transform({
    transform: (chunk: Buffer, _encoding, callback) => {
      packed.push(chunk);
      callback();
    },
    flush: (callback) => {
      const bytes = Buffer.concat(packed);
      try {
        callback(
          null,
          bytes.length === 0 ? bytes : gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }),
        );
      } catch (error) {
        callback(error as Error);
      }
    },
  });
}
