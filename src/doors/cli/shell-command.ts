import { existsSync } from "node:fs";
import { type JobHandle, parseHandle } from "../../inputs/handle.ts";
import type { InputName } from "../../inputs/names.ts";
import { readUsersFile } from "../../inputs/beneath/users-paths.ts";
import { messageOf } from "../../errors.ts";
import { MOST_GIVEN_BYTES } from "../../payload/shell.ts";
import type { RunInputs } from "../program/run-options.ts";
import { FORWARD_INPUTS, FORWARD_TEXTS } from "./forward-command.ts";
import { handleIn } from "./handle.ts";
import type { InputTexts } from "./help-texts.ts";
import { UsageError } from "./usage-error.ts";

/** The inputs of a shell: those of a forward, and what its program gets. */
export const SHELL_INPUTS: readonly InputName[] = [...FORWARD_INPUTS, "working-directory", "env", "secrets"];

/** What a shell takes for an option that is not given. */
const DEFAULTS = { timeout: "12h", "queue-timeout": "10m" } as const;

/** Where an option does something else than that of a run. */
export const SHELL_TEXTS = {
  ...FORWARD_TEXTS,
  timeout: `the longest time of the shell (default: ${DEFAULTS.timeout})`,
  "queue-timeout": `the longest wait for a seat in the container (default: ${DEFAULTS["queue-timeout"]})`,
  secrets: "the same, for values that are secret: the shell may show them",
} satisfies InputTexts;
/** Those outputs of a run that a shell has, too. */
const SHELL_OUTPUTS = ["exit-code", "outcome", "task-arn", "task-id", "session-id", "private-ip"] as const;
export const SHELL_OPTIONS = {
  ...{ names: SHELL_INPUTS, texts: SHELL_TEXTS, help: "shell --help" },
  outputs: SHELL_OUTPUTS,
};

/** The options of a shell that are no inputs. */
export interface ShellWords {
  readonly shell?: string;
  readonly job?: string;
}

export const SHELL_HELP = "what runs there (default: bash where the image has it, else sh)";
export const JOB_HELP =
  "the file of --outputs-file, or the handle, of a script that was left running: its directory and variables";

/** What the options choose: the words of the program, the inputs, and the run whose directory and variables it gets. */
export interface ChosenShell {
  readonly words: readonly string[];
  readonly run: string | undefined;
  readonly inputs: RunInputs;
}

/** Reads the command line of a shell. Throws a `UsageError`. */
export function chooseShell(
  command: readonly string[],
  { shell, job }: ShellWords,
  inputs: RunInputs,
  { isTerminal }: { readonly isTerminal: boolean },
): ChosenShell {
  if (!isTerminal)
    throw new UsageError(
      "A shell needs a terminal, and standard input is none: run a command or a script by 'fargate-exec run'.",
    );
  if (shell !== undefined && command.length > 0)
    throw new UsageError("Give either --shell or a command after --, not both.");
  if (shell !== undefined && !/^[\w./+-]+$/.test(shell))
    throw new UsageError(
      `--shell takes the name or the path of a program: ${JSON.stringify(shell)}. A program with arguments stands after --.`,
    );
  const handle = job === undefined ? undefined : handleOf(job);
  const words = shell === undefined ? command : [shell];
  const size = JSON.stringify([inputs.env, inputs.secrets]).length;
  if (size > MOST_GIVEN_BYTES)
    throw new UsageError(`--env and --secrets have more than ${MOST_GIVEN_BYTES} bytes together.`);
  return { words, run: handle?.run, inputs: shellInputs(inputs, handle) };
}

/** A shell runs no script. The rest are defaults of its own: it never protects its task, and lives longer. */
function shellInputs(inputs: RunInputs, handle: JobHandle | undefined): RunInputs {
  const where = (["cluster", "service", "task", "task-definition", "image", "container"] as const).find(
    (name) => inputs[name] !== undefined,
  );
  if (handle !== undefined && where !== undefined)
    throw new UsageError(`--job names the container of the script: leave --${where} out.`);
  return {
    ...DEFAULTS,
    ...inputs,
    ...(handle !== undefined && inputsOf(handle)),
    run: ":",
    shell: "sh",
    ...(inputs.service !== undefined && { protect: false }),
  };
}

/** Where the job of a handle is, and where the queue of its container is. */
function inputsOf({ cluster, task, container, staging }: JobHandle): RunInputs {
  const { bucket, prefix, bucketOwner } = staging ?? {};
  return {
    ...{ cluster, task, container, region: cluster.split(":")[3] },
    ...(bucket !== undefined && { bucket: `${bucket}/${prefix}` }),
    ...(bucketOwner !== undefined && { "bucket-owner": bucketOwner }),
  };
}

function handleOf(text: string): JobHandle {
  const isHandle = /^fx\d+\./.test(text) && !existsSync(text);
  const handle = parseHandle(isHandle ? text : textOfFile(text));
  if (typeof handle === "string") throw new UsageError(`--job gives no handle: it is ${handle}.`);
  return handle;
}

function textOfFile(path: string): string {
  try {
    const text = Buffer.from(readUsersFile(path, process.cwd())).toString().trim();
    return text.startsWith("{") ? handleIn(text) : text;
  } catch (error) {
    throw new UsageError(`The file of --job can't be read: ${messageOf(error)}`);
  }
}
