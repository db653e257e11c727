import { Way } from "../../inputs/beneath/way.ts";
import type { Clock } from "../../clock.ts";
import { type Failure, messageOf } from "../../errors.ts";
import { badInput } from "../../inputs/refusals.ts";
import type { Inputs } from "../../inputs/inputs.ts";
import type { Log } from "../../log.ts";
import type { Archive } from "./archive.ts";
import { type Collection, type Entry, inFewWords } from "./entries.ts";

const MIB = 1024 * 1024;
/** The largest archives in bytes: one that goes by a bucket, and one that is typed into a session. */
const LARGEST = 256 * MIB;
const LARGEST_TYPED = 16 * MIB;
/** The most bytes of the archives of all tasks together: each task gets an object of its own. */
const LARGEST_TOGETHER = 1024 * MIB;
/** `tasks: all` counts as this number of tasks. */
const ALL_TASKS = 1000;

/** The files that go into each container of a step. */
export interface PackedFiles extends Archive {
  /** The directories that the numbers in the archive stand for; an empty one is the working directory. */
  readonly destinations: readonly string[];
}

/**
 * Packs what the input `files` selects; undefined when it is not given. Calls nothing of AWS. Fails with `bad-input` when a
 * line matches nothing, and when the archive is too large for its way into the container.
 */
export async function packFiles(
  inputs: Pick<Inputs, "files" | "bucket" | "where">,
  {
    workspace,
    log,
    clock,
  }: { readonly workspace: string; readonly log: Log; readonly clock: Pick<Clock, "now" | "turn"> },
): Promise<PackedFiles | undefined> {
  if (inputs.files === undefined) return undefined;
  // Only steps with the input load the libraries.
  const [{ collect }, { makeArchive, sizeOfArchive }] = await Promise.all([
    import("./collect.ts"),
    import("./archive.ts"),
  ]);
  const way = openWorkspace(workspace);
  try {
    const collection = await collect(inputs.files, way, clock);
    tell(collection, log);
    checkSize(sizeOfArchive(collection.entries), inputs);
    const archive = await makeArchive(collection.entries, way, clock);
    checkSize(archive.bytes.length, inputs);
    return { ...archive, destinations: collection.destinations };
  } finally {
    way.close();
  }
}

function openWorkspace(path: string): Way {
  try {
    return Way.open(path);
  } catch (cause) {
    throw badInput("files", "files of a workspace that can be read", messageOf(cause), undefined, cause);
  }
}

function tell({ entries, leftOut }: Collection, log: Log): void {
  const files = entries.filter(({ kind }) => kind !== "directory");
  const bytes = files.reduce((sum, { size }: Entry) => sum + size, 0);
  log.info(`Bringing ${files.length} ${files.length === 1 ? "file" : "files"}, ${bytes} bytes.`);
  if (leftOut.length === 0) return;
  log.info(
    `Left out of 'files', since they may hold secrets: ${inFewWords(leftOut)}. A line that names them brings them.`,
  );
}

function checkSize(bytes: number, { bucket, where }: Pick<Inputs, "bucket" | "where">): void {
  if (bucket === undefined && bytes > LARGEST_TYPED)
    throw tooLarge(
      bytes,
      "at most 16 MiB without 'bucket'",
      "Without a bucket the files are typed into the session. Name a bucket that the caller may write and the task role may read.",
    );
  if (bytes > LARGEST)
    throw tooLarge(
      bytes,
      "at most 256 MiB",
      "Put more than that into the image, or let the script fetch it from S3.",
    );
  const tasks = "tasks" in where ? (where.tasks === "all" ? ALL_TASKS : where.tasks) : 1;
  if (bytes * tasks > LARGEST_TOGETHER)
    throw tooLarge(
      bytes,
      `at most 1 GiB for all tasks together, of which there are ${tasks}`,
      "Put the files into the image, or let the script fetch them from S3.",
    );
}

function tooLarge(bytes: number, must: string, advice: string): Failure {
  return badInput("files", must, `${bytes} bytes as a tar archive`, advice);
}
