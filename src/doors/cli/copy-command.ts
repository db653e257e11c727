import { lstatSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../clock.ts";
import { messageOf } from "../../errors.ts";
import type { InputName } from "../../inputs/names.ts";
import type { RunInputs, RunOptions, RunResult } from "../program/run-options.ts";
import type { CopyOut } from "./copy.ts";
import { parseCopy } from "./copy.ts";
import { checkReplaceable, openNearest, withDestination } from "./destination.ts";
import { placeCopies } from "./place-copies.ts";
import { leaveOutPrivate } from "./sent-names.ts";
import { UsageError } from "./usage-error.ts";

/** The inputs of a copy. */
export const COPY_INPUTS: readonly InputName[] = [
  ...(["cluster", "role-to-assume", "task", "service", "container", "tasks", "protect"] as const),
  ...(["user", "working-directory", "timeout", "start-timeout", "queue-timeout"] as const),
  ...(["artifacts-max-size", "bucket", "bucket-owner", "kms-key-id", "logs", "region"] as const),
];

/** The script of a copy does nothing. The run brings files into the container, or back. */
const NOTHING: RunInputs = { run: ":", shell: "sh" };

/**
 * The options of a copy that runs in this directory. They show no output, because the script prints none. What the
 * container sends all the same could steer a terminal, or give commands to the runner of a workflow.
 */
export function copyOptions({ log, signal }: RunOptions, directory: string): RunOptions {
  return {
    ...(log !== undefined && { log }),
    ...(signal !== undefined && { signal }),
    directory,
    pathsNameHidden: true,
  };
}

/** A copy that took longer says that a bucket makes it faster. */
const LONG_S = 5;

/** The last line of a copy that has succeeded: its destination as the user gave it. */
export function copied(
  words: readonly string[],
  inputs: RunInputs,
  { seconds }: { readonly seconds: number },
): string {
  const what = words.length === 2 ? words[0] : `${words.length - 1} things`;
  const slow = seconds > LONG_S && inputs.bucket === undefined;
  return (
    `Copied ${what} to ${words.at(-1)} in ${seconds.toFixed(1)} s.` +
    (slow ? " Large files go more than ten times as fast by a bucket: --bucket NAME." : "")
  );
}

/** Runs a script with these inputs in the container, in this directory of this machine. */
type Run = (inputs: RunInputs, directory: string) => Promise<RunResult>;

/** Copies as `words`, which are `SRC… DEST`, say. Resolves with the result of the run. Rejects with a `UsageError`. */
export async function copyFiles(words: readonly string[], inputs: RunInputs, run: Run): Promise<RunResult> {
  const directory = process.cwd();
  const copy = parseCopy(words, directory);
  if (copy.kind === "out") return await copyOut(copy, inputs, { directory, run });
  if (inputs["artifacts-max-size"] !== undefined)
    throw new UsageError("--artifacts-max-size is for what comes from the container: leave it out.");
  for (const source of words.slice(0, -1))
    if (!isThere(source)) throw new UsageError(`There is no ${JSON.stringify(source)} here to copy.`);
  return await run({ ...inputs, ...NOTHING, files: copy.files }, copy.directory);
}

/** Unpacks what is copied in its destination or beside it, and moves it into place only when all of it has come. */
async function copyOut(
  { sources }: CopyOut,
  inputs: RunInputs,
  { directory, run }: { readonly directory: string; readonly run: Run },
): Promise<RunResult> {
  if (inputs.tasks !== undefined)
    throw new UsageError("Files come from one task: name it by --task instead of --tasks.");
  const [{ destination } = { destination: "." }] = sources;
  const name = `.fargate-exec-${systemClock.random.bytes(8).toString("hex")}`;
  const above = attempt(`Nothing can be made at ${destination}`, () => {
    for (const each of sources)
      withDestination(each.destination, directory, { make: false }, checkReplaceable);
    const nearest = openNearest(destination, directory);
    nearest.makeDirectory(name, 0o700);
    return nearest;
  });
  const remove = (): void => {
    above.removeAll(name);
  };
  // A second Ctrl-C ends this process at once.
  process.once("exit", remove);
  try {
    const globs = sources.map(({ glob }) => glob);
    const artifacts = [...globs, ...leaveOutPrivate(globs)];
    const of: RunInputs = {
      artifacts,
      "artifacts-path": join(above.path, name),
      "artifacts-missing": "error",
    };
    const result = await run({ ...inputs, ...NOTHING, ...of }, directory);
    if (result.outcome === "succeeded")
      attempt("Not all that was copied can be placed", () => {
        placeCopies({ above, name }, sources, directory);
      });
    return result;
  } finally {
    process.off("exit", remove);
    remove();
    above.close();
  }
}

/** What a copy lacks, without the inputs that have brought it. */
export function inWordsOfCopies(result: RunResult): RunResult {
  const { error } = result;
  if (error?.code !== "artifacts-missing") return result;
  const [, seen = ""] = error.message.split("\n");
  const message = [
    "Not all that is to be copied has come from the container, so nothing was placed.",
    seen,
    "Check the paths in the container: a relative one begins in its working directory, and a user's home is not expanded.",
  ].join("\n");
  return { ...result, error: { ...error, message } };
}

/** Turns an error of the file system into a `UsageError`, so that the user sees it. */
function attempt<T>(what: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError(`${what}: ${messageOf(error)}`);
  }
}

/** Whether anything stands at this path, also a link that leads nowhere. */
function isThere(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
