import type { Caller, Base } from "../world/base.ts";
import { Agent, type StartedCommand } from "../world/agent.ts";
import { Calls } from "../world/calls.ts";
import type { Gateway } from "../world/gateway.ts";
import { targetOf } from "../world/names.ts";
import { Network } from "../programs/network.ts";
import type { Bucket } from "../world/s3.ts";
import type { ContainerOptions } from "../scenario.ts";
import { Host } from "../time.ts";
import type { Directory } from "./directory.ts";
import type { Relay } from "./forward/relay.ts";

/** The items of one run of a script. */
export interface ItemBatch {
  readonly indices: readonly number[];
  /** 1 for their first run. */
  readonly attempt: number;
}

/** A start of a user's script, as the world has seen it. */
export interface ScriptRun {
  readonly runId: string;
  /** The workflow run of the step. */
  readonly url: string;
  /** The index of the task among those of the step. */
  readonly task: number;
  readonly worker: number;
  readonly began: number;
  /** The script's text. */
  readonly text: string;
  /** Which items the run is for; undefined for a script that runs once. */
  readonly batch: ItemBatch | undefined;
  ended: number | undefined;
  exitCode: number | undefined;
  /** The files that it has written: path and size. */
  readonly files: string[];
  /** The files that it has written into the directory of its run: name and size. */
  readonly kept: string[];
  /** What it has reported of single items: their indices, and what it says. */
  readonly reports: { readonly index: number; readonly says: string }[];
  /** The files in the container when it began; undefined when its job has brought none. */
  readonly found: ReadonlyMap<string, Buffer> | undefined;
  /** What it has printed to standard output and to standard error. */
  readonly out: string[];
}

/** KILL comes so long after TERM (`stopTimeout`). */
const STOP_TIMEOUT_MS = 30_000;

/** A container: its processes, its job directories, and the exec agent beside them. */
export class Container implements Caller {
  readonly name: string;
  readonly host: Host;
  readonly runtimeId: string;
  readonly options: ContainerOptions;
  readonly agent: Agent;
  readonly base: Base;
  readonly bucket: Bucket;
  readonly calls: Calls;
  readonly network: Network;
  /** The job directories, by run. */
  readonly directories = new Map<string, Directory>();
  /** When each directory of a job was removed, and the workflow run of that job. */
  readonly removed: { readonly url: string; readonly runId: string; readonly at: number }[] = [];
  /** The files that scripts have written and that jobs have brought, by path. */
  readonly files = new Map<string, Buffer>();
  /** Every start of a script. */
  readonly scripts: ScriptRun[] = [];
  /** Every begin of a job, also of one that gets no item and so runs no script. */
  readonly jobs: { readonly url: string; readonly began: number }[] = [];
  /** Batches of which a begin was told. Such a batch leaves the set when its worker has come to the script. */
  readonly unstarted = new Set<{ readonly url: string; readonly indices: readonly number[] }>();
  /** How jobs have ended, by their own words. */
  readonly ends: {
    readonly url: string;
    readonly runId: string;
    readonly status: string;
    readonly ended: number;
  }[] = [];
  /** Every order for items that was obeyed. */
  readonly orders: string[] = [];
  /** What was told of the parts of archives. */
  readonly partsTold: ("part" | "no-part")[] = [];
  /** How many batches were given back. */
  givenBack = 0;
  /** Output of a job has waited for room on the disk, or was lost for want of it. */
  wasTight = false;
  /** Every relay of a forward. */
  readonly relays: Relay[] = [];
  /** Called with the exit code of PID 1. */
  onPid1: (exitCode: number) => void = () => undefined;
  /** A step has begun the task for later steps of its workflow job. */
  isKept = false;
  /** Puts the end of PID 1 off to a later time. Does nothing where that can't be. */
  putOff: (until: number) => void = () => undefined;
  /** The session of each command's first process. */
  readonly #sessions = new Map<Host, () => void>();
  #isStopping = false;

  constructor(
    base: Base,
    gateway: Gateway,
    bucket: Bucket,
    {
      name,
      id,
      runtimeId,
      options,
      run,
    }: {
      readonly name: string;
      readonly id: string;
      readonly runtimeId: string;
      readonly options: ContainerOptions;
      /** Runs what the agent starts. */
      readonly run: (container: Container, command: StartedCommand) => Promise<void>;
    },
  ) {
    this.base = base;
    this.bucket = bucket;
    this.network = new Network(base);
    this.options = options;
    this.runtimeId = runtimeId;
    this.name = name;
    this.host = new Host(this.name, base.host);
    this.calls = new Calls(base);
    this.agent = new Agent(base, gateway, {
      ...{ target: targetOf(id, runtimeId), host: this.host, pace: options.pace },
      run: (command) => {
        this.#sessions.set(command.host, command.endSession);
        return run(this, command);
      },
    });
  }

  /** TERM to PID 1, and KILL when it does not end. */
  term(): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    const isKilled = this.options.stopsIn > STOP_TIMEOUT_MS;
    this.base.time.after(this.base.host, Math.min(this.options.stopsIn, STOP_TIMEOUT_MS), () => {
      this.end(isKilled ? 137 : 143);
    });
  }

  /** PID 1 ends, and all processes with it. */
  end(exitCode: number): void {
    if (this.host.isDead) return;
    this.host.kill();
    this.note("PID 1 has ended");
    this.onPid1(exitCode);
  }

  note(text: string): void {
    this.base.timeline.note(this.name, text);
  }

  /** Ends the session of this command, and the command. */
  endSession(command: Host | undefined): void {
    if (command === undefined || command.isDead) return;
    this.#sessions.get(command)?.();
    command.kill();
  }

  removeDirectory(directory: Directory): void {
    directory.isGone = true;
    if (this.directories.get(directory.runId) === directory) this.directories.delete(directory.runId);
    const { runId, settings } = directory;
    if (settings !== undefined) this.removed.push({ url: settings.url, runId, at: this.base.time.now });
    directory.wake();
  }
}
