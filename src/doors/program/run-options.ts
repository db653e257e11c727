import type { Writable } from "node:stream";
import type { InputName } from "../../inputs/names.ts";

/**
 * An input of `action.yml`, by its name there. A list is the value's lines or items. A record is variables, tags, or
 * JSON.
 */
export type InputValue =
  string | number | boolean | readonly string[] | Readonly<Record<string, unknown>> | undefined;

/**
 * The inputs of a run, by their names in `action.yml`, with the same validation and the same defaults. Two defaults differ: `summary` is
 * false, and without `matrix` the run is alone in its matrix.
 */
export type RunInputs = Readonly<
  Partial<
    Record<Exclude<InputName, keyof (Choices & ItemsInput) | "forwards">, InputValue> & Choices & ItemsInput
  >
>;

interface ItemsInput {
  /** Of a list each text is an item, and of bytes each line. In a text alone a beginning has the meaning that it has in a workflow. */
  readonly items: InputValue | Uint8Array;
}

/** What a forward is given besides. */
export interface ForwardInputs {
  readonly forwards: readonly string[];
}

/** The inputs that take one of some words. */
interface Choices {
  readonly architecture: "x86_64" | "arm64" | undefined;
  readonly borrow: "all" | "network" | undefined;
  readonly "keep-task": "never" | "on-failure" | "always" | "job" | undefined;
  readonly stderr: "apart" | "merged" | undefined;
  readonly "artifacts-missing": "warn" | "error" | "ignore" | undefined;
  readonly logs: "auto" | "bucket" | "session" | "cloudwatch" | "s3" | undefined;
}

/** What a run takes besides its inputs. */
export interface RunOptions {
  /** The job's standard output, byte for byte. By default it is shown nowhere, and its end is in the result. */
  readonly stdout?: Writable;
  /** The job's standard error. By default it is shown nowhere. */
  readonly stderr?: Writable;
  /** The job's standard input, instead of the input `stdin`, which is text or names a file. */
  readonly stdin?: Uint8Array | undefined;
  /**
   * The path of a file that gets the end of each of `items`. It is made when it does not exist. When it does, items that succeeded by it, with the
   * same script, items and inputs, are not run again.
   */
  readonly resume?: string | undefined;
  /** Is told what the run does. */
  readonly log?: Partial<RunLog>;
  /** Cancels the run: the job is stopped, and what the run has made is undone. */
  readonly signal?: AbortSignal;
  /** Where bare names of `env` and `secrets`, and the region, are looked up. Default: `process.env`. */
  readonly env?: NodeJS.ProcessEnv;
  /** A line of `artifacts` without wildcards brings names that begin with a dot, too, other than `.git` and `.env*`. Default: false. */
  readonly pathsNameHidden?: boolean;
  /** What the paths of inputs are relative to. Default: the working directory. */
  readonly directory?: string;
}

/** What a run does, in lines for people. No line holds a secret or a control character. */
export interface RunLog {
  /** A phase of the run begins; without a title, the phase ends. */
  phase(title?: string): void;
  info(line: string): void;
  /** What helps to find a fault. */
  debug(line: string): void;
  /** The run goes on, although something is not as asked. */
  warning(text: string): void;
  /** Something that is needed later, such as how long a task is kept. */
  notice(text: string): void;
  /** The script runs from now on. The line names container, task and image. */
  started(title: string, line: string): void;
  /** How many bytes have come from the container; or with a total, how much of what is sent to it has arrived, as it is sent. */
  progress(done: number, total?: number): void;
  /**
   * Which share of `items` is done, from 0 to 1, with words that say more, about each second; undefined at the end. Returns whether it is shown: else it comes as
   * `info` each five seconds.
   */
  gauge(share: number | undefined, words: string): boolean;
  /** Called once the run has something to undo. `work` lists what would have to be undone if this process ended now; empty for nothing. */
  unfinished(work: () => readonly string[]): void;
}

/** How a run ended. */
export interface RunResult {
  /**
   * `not-started`: no script ran. `unknown`: a script may have run, and its end is not known. `detached`: the script was left running, as
   * `detach` says, and the output `handle` names it. Only `succeeded` is success.
   */
  readonly outcome:
    "succeeded" | "failed" | "timed-out" | "cancelled" | "not-started" | "unknown" | "detached";
  /** That of the first worker that failed, else 0; undefined when no status is known. */
  readonly exitCode: number | undefined;
  /** The outputs of `action.yml`, by their names there, and those that the script has set by `GITHUB_OUTPUT`. */
  readonly outputs: Readonly<Record<string, string>>;
  /** Why the run failed; undefined when it succeeded or was detached. */
  readonly error: RunError | undefined;
}

export interface RunError {
  /** A code of `docs/errors.md`; undefined when a script has ended by itself. */
  readonly code: string | undefined;
  /** What failed, what was seen, what to do. It holds nothing that the job has printed. */
  readonly message: string;
  /** The parts of `message`, joined as they are. Those that say what to do are advice. */
  readonly parts: readonly { readonly text: string; readonly isAdvice: boolean }[];
  /** The address of the paragraph about this error. */
  readonly page: string;
}
