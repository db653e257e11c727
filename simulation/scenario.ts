import { randomBuffer, randomOf } from "./random.ts";
import type { EcsFault, EcsOptions } from "./ecs-options.ts";

/**
 * A scenario: everything that is decided before a world begins. A seed is expanded into one (draw.ts), and a file holds one as JSON. Each
 * fault has an address of its own, so a change of the engine leaves the other faults where they are.
 */
export interface Scenario {
  /** In the corpus: what it has found. */
  readonly why?: string;
  /** Of the randomness in the world and in the runners: delays, ids. */
  readonly seed: number;
  readonly world: WorldOptions;
  readonly containers: readonly ContainerOptions[];
  /** Undefined: nothing can be started. */
  readonly ecs?: EcsOptions;
  readonly runners: readonly RunnerOptions[];
  readonly faults: readonly Fault[];
}

/** What AWS is like in this world. Where the facts about AWS are unverified, a scenario chooses. */
export interface WorldOptions {
  /** Milliseconds from a call to its answer, at least and at most. */
  readonly latency: readonly [number, number];
  /** There is a bucket. */
  readonly bucket: boolean;
  /** The callers may list the bucket. Otherwise S3 answers 403 for a key that is missing. */
  readonly mayList: boolean;
  readonly isVersioned: boolean;
  /** The callers may list the sessions of a container (`ssm:DescribeSessions`). */
  readonly maySeeSessions: boolean;
  /** `ssm:ResumeSession` works for these sessions. */
  readonly mayResume: boolean;
  /** False: the clients of an agent that is gone, alone or with its task, get no word of that. */
  readonly announcesLostAgents?: boolean;
  /** The gateway pauses an agent this many milliseconds after it has sent what no client hears. */
  readonly pausesAfter: number;
  /** How long a session of a role lasts that a step assumes itself, in milliseconds. Undefined: an hour. */
  readonly roleSession?: number;
  /** How sessions are logged. Undefined: they are not. */
  readonly sessionLogs?: SessionLogOptions;
  /** When the tag of the image is moved to another image, in milliseconds; undefined: never. */
  readonly retagsAt?: number;
}

/** The logs that the cluster names (logging OVERRIDE). An agent uploads the transcript of a session when that is over, which keeps its place until then. */
export interface SessionLogOptions {
  /** The log group that the cluster names: one that is there, or one that is missing, in which nothing is kept. Undefined: it names none. */
  readonly group?: "there" | "missing";
  /** The transcripts go to the bucket, too. */
  readonly bucket: boolean;
  /** The callers may read the group. */
  readonly mayRead: boolean;
  /** False: the image has no `script`, and no transcript is made. */
  readonly hasScript?: boolean;
  /** By how many milliseconds an upload begins later. */
  readonly delay?: number;
  /** So many pages of a stream are empty though more follows. */
  readonly emptyPages?: number;
  /** The client hears of the end of its session when the upload is over, and not before it. */
  readonly closesLate?: boolean;
}

/** A container of a task that runs when the world begins. */
export interface ContainerOptions {
  /** The image has python3 with boto3, whose task role may read the bucket. */
  readonly boto3: boolean;
  /** The image has gzip and base64. */
  readonly gzip: boolean;
  /** PID 1 reaps the processes that it adopts. */
  readonly reaps: boolean;
  /** Milliseconds that a program takes to start. */
  readonly pace: number;
  /** Milliseconds from TERM to the end of PID 1. */
  readonly stopsIn: number;
  /** False: the image has no python3. */
  readonly python?: boolean;
  /** False: the image has no curl. */
  readonly curl?: boolean;
  /** The bytes that are free on the disk; undefined: more than a job prints. */
  readonly disk?: number;
  /** The milliseconds by which its clock is ahead of AWS's; behind when negative. */
  readonly ahead?: number;
  /** Where S3 carries the output an archive of artifacts goes there, too, in parts of so many bytes. Undefined: it comes in records alone. */
  readonly partBytes?: number;
  /** Paths of directories of the image at which steps want to place files. */
  readonly directories?: readonly string[];
}

/** A step. */
export interface RunnerOptions {
  /** When the step begins, in milliseconds. */
  readonly at: number;
  /** The index of its container, unless its inputs name a service, a task definition or an image. */
  readonly container: number;
  /** The index of the step whose handle this one attaches to. It begins when that one has ended, and not at all without a handle. */
  readonly follows?: number;
  /** The index of the step of the same workflow job whose task this one runs in. It begins when that one has ended with a task. */
  readonly shares?: number;
  /** The index of the step of which this one is the next attempt: GitHub runs the workflow job again. It begins when that one is over. */
  readonly reruns?: number;
  /** The index of a step of the same workflow run and attempt that nothing tells from this one, as in a reusable workflow that is called twice. */
  readonly twin?: number;
  /** Its inputs besides `cluster`, `region`, `run`, `handle` and, unless another target is named, `task`. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly script: Script;
  /** The files of its workspace, which its input `files` brings into the container. */
  readonly files?: readonly BroughtFile[];
  /** A step that forwards ports has no script, but programs that use them. */
  readonly clients?: readonly ClientOptions[];
  /** Whether the runner runs the post step when main has ended in any way. */
  readonly post: boolean;
  /** The milliseconds by which its machine's clock is ahead of AWS's; behind when negative. */
  readonly ahead?: number;
}

/** A file of a workspace. */
export interface BroughtFile {
  /** Its path and its size. */
  readonly file: string;
  /** Where in the container it is to be; undefined for one that is left out. */
  readonly to?: string;
}

/** A program of the runner's machine that connects to a forward of its step. Times are in milliseconds. */
export interface ClientOptions {
  /** Behind the moment at which the ports are open. */
  readonly at: number;
  /** The index of the forward. */
  readonly forward: number;
  /** The bytes that it sends, with this wait behind each 16 KiB. */
  readonly sends: number;
  readonly pause?: number;
  /** It waits for so long before it ends its direction. */
  readonly idle?: number;
  /** It reads so many bytes a second at most. */
  readonly reads?: number;
  /** It breaks off after this time. */
  readonly breaksAfter?: number;
}

/** A script as a small program. Its text is given to the action as the input `run`. */
export interface Script {
  readonly lines: readonly ScriptLine[];
  readonly exitCode: number;
  /** What TERM does: ends it at once, as it is by default; ends it after some seconds, with this exit code; nothing. */
  readonly onTerm: "dies" | "ignores" | { readonly afterMs: number; readonly exitCode: number };
}

export type ScriptLine =
  | { readonly wait: number }
  | { readonly out: string }
  /** Prints so many lines of a kilobyte, each with a number of its own. */
  | { readonly bulk: string }
  | { readonly err: string }
  /** Text without a line's end. */
  | { readonly part: string }
  /** Writes a file of so many bytes: its path and the size. */
  | { readonly file: string }
  /** A line of the file GITHUB_OUTPUT. */
  | { readonly output: string }
  /** Prints the variable of a secret. */
  | { readonly secret: string };

export type Fault =
  | CallFault
  | FrameFault
  | EcsFault
  /** The connections of the runner's sessions break; a silent one without a word. */
  | { readonly kind: "cut"; readonly actor: string; readonly at: number; readonly isSilent: boolean }
  /** The same, and no new ones can be made for so long. */
  | {
      readonly kind: "gateway-away";
      readonly actor: string;
      readonly at: number;
      readonly ms: number;
      readonly isSilent: boolean;
    }
  | { readonly kind: "signal"; readonly actor: string; readonly at: number; readonly signal: Signal }
  | { readonly kind: "pause"; readonly actor: string; readonly at: number; readonly ms: number }
  | { readonly kind: "stop-task"; readonly actor: string; readonly at: number; readonly code: string }
  /** `isTold`: ECS says that the exec agent has stopped. */
  | { readonly kind: "agent-dies"; readonly actor: string; readonly at: number; readonly isTold?: boolean }
  | CredentialsFault
  | { readonly kind: "s3-away"; readonly actor: string; readonly at: number; readonly ms: number }
  | {
      readonly kind: "kill-process";
      readonly actor: string;
      readonly at: number;
      readonly process: ProcessName;
    }
  | { readonly kind: "shell"; readonly actor: string; readonly at: number; readonly ms: number };

/** The runner's credentials end, in main and post. It takes effect when AWS refuses a call for that. `isTold`: the environment says when they end. */
export interface CredentialsFault {
  readonly kind: "credentials-end";
  readonly actor: string;
  readonly at: number;
  readonly isTold: boolean;
}

/** A fault that comes at its time. */
export type TimedFault = Exclude<Extract<Fault, { readonly at: number }>, CredentialsFault>;

/** A process of a job in a container. `uploader` is the program that the `supervisor` starts anew, `item-worker` what runs a worker's items. */
export type ProcessName =
  "attacher" | "item-worker" | "job" | "recorder" | "relay" | "supervisor" | "uploader" | "worker";

/** `cancel` is what a cancelled workflow sends: SIGINT, SIGTERM 7.5 s later, SIGKILL 2.5 s after that. */
export type Signal = "SIGINT" | "SIGTERM" | "SIGKILL" | "cancel";

/** The `count`-th call of this operation by this actor. */
export interface CallFault {
  readonly kind: "call";
  readonly actor: string;
  readonly operation: string;
  readonly count: number;
  readonly what: CallTrouble;
  /** Of a slow call. */
  readonly ms?: number;
}

/**
 * `throttled`, `denied` and `failed` (HTTP 503) have no effect. `lost` has its effect, but the connection breaks before the answer. The
 * answer of `mute` never comes, and its effect is done. `slow` takes `ms` longer.
 */
export type CallTrouble = "throttled" | "denied" | "failed" | "lost" | "mute" | "slow";

/**
 * The `count`-th frame of this runner's sessions, up to the agent or down from it. `cut`: it is lost, the connections break, and no new ones can be
 * made for `ms`.
 */
export interface FrameFault {
  readonly kind: "frame";
  readonly actor: string;
  readonly way: "up" | "down";
  readonly count: number;
  readonly what: "lost" | "twice" | "late" | "cut";
  readonly ms: number;
}

/** The content of a file that a script writes, from its line. */
export function fileBytes(file: string): Buffer {
  const [name = "", size = "0"] = file.split(" ");
  const seed = Buffer.from(name).reduce((mixed, byte) => Math.imul(mixed ^ byte, 0x01000193), 7);
  return randomBuffer(randomOf(seed), Number(size));
}

/** The text of the script, as the input `run` has it. */
export function scriptText({ lines, exitCode, onTerm }: Script): string {
  const term =
    typeof onTerm === "string" ? `trap ${onTerm}` : `trap after ${onTerm.afterMs} exit ${onTerm.exitCode}`;
  return [term, ...lines.map(lineText), `exit ${exitCode}`].join("\n");
}

function lineText(line: ScriptLine): string {
  const [[word, value]] = Object.entries(line) as [[string, string | number]];
  return `${word} ${value}`;
}

/** The script that lists items: a subshell with the command, of whose output as much is taken as a list may have (docs/items.md). */
const LISTING = /^set \+e\n.*\(set -e\n(.*)\n\) 3>&- 4>&-;/s;

/** The script that a text describes. Undefined for any other text. */
export function parseScript(text: string): Script | undefined {
  const [, command = text] = LISTING.exec(text) ?? [];
  const rows = command.trimEnd().split("\n");
  const [, term = "", afterMs, code] =
    /^trap (dies|ignores|after (\d+) exit (\d+))$/.exec(rows[0] ?? "") ?? [];
  const [, exitCode] = /^exit (\d+)$/.exec(rows.at(-1) ?? "") ?? [];
  if (term === "" || exitCode === undefined) return undefined;
  const lines = rows.slice(1, -1).map((row): ScriptLine => {
    const at = row.indexOf(" ");
    const [word, value] = [row.slice(0, at), row.slice(at + 1)];
    return (word === "wait" ? { wait: Number(value) } : { [word]: value }) as ScriptLine;
  });
  const onTerm =
    afterMs === undefined
      ? (term as "dies" | "ignores")
      : { afterMs: Number(afterMs), exitCode: Number(code) };
  return { lines, exitCode: Number(exitCode), onTerm };
}
