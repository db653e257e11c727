import { scriptResults } from "../../report/file-commands.ts";
import type { ArtifactsReport } from "../../report/missing-artifacts.ts";
import type { PrintedOutput } from "../../report/result.ts";
import type { JobEnd } from "../../carriers/job-end.ts";
import { Printer } from "../../report/show/printer.ts";
import type { OutputItem } from "../../carriers/stream/items.ts";
import { Spool } from "../../carriers/stream/spool.ts";
import type { JobContext } from "./context.ts";
import type { PreparedJob } from "./prepare.ts";
import { ENOUGH } from "./byte-flow.ts";
import { JobArtifacts, type JobArtifactsOptions } from "./artifacts.ts";
import { keptEnds, partOf, UNPACKED_OF_ALL } from "../step-budget.ts";
import { ScriptFiles } from "./script-files.ts";
import { Unsettled } from "./unsettled.ts";

interface JobOutputContext
  extends
    Pick<
      JobContext,
      "inputs" | "target" | "write" | "log" | "clock" | "gunzip" | "drained" | "workspace" | "budget"
    >,
    Partial<Pick<JobContext, "cancel" | "items">> {
  readonly origin: Pick<JobContext["origin"], "fanOut">;
}

type ArtifactsBucket = Pick<JobArtifactsOptions, "readPart" | "onListed">;

/** So many bytes of each job's artifacts may wait to be unpacked in any case. */
const LEAST_UNPACKED = 256 * 1024;

const LIMITS_PAGE = "limits.md#of-the-inputs-and-outputs";

function enoughUnpacked(tasks: number): number {
  return partOf(UNPACKED_OF_ALL, tasks, { most: ENOUGH, least: LEAST_UNPACKED });
}

/** The output of one job, from all its carriers: extracted, shown, and its end kept for the output `stdout`. */
export class JobOutput {
  readonly nonce: string;
  /** What the live carriers have brought. */
  readonly spool: Spool;
  /** An empty spool, for logs that are read from their beginning. */
  readonly fromTheStart: () => Spool;
  readonly #printer: Printer;
  readonly #files: ScriptFiles;
  readonly #artifacts: JobArtifacts | undefined;
  readonly #unsettled: Unsettled;
  readonly #missing: "warn" | "error" | "ignore";
  readonly #drained: () => Promise<void>;
  readonly #isLive: boolean;
  readonly #log: JobContext["log"];
  readonly #workers: number;
  readonly #task: number;
  readonly #items: JobContext["items"];
  readonly #budget: JobContext["budget"];
  /** The byte of the spool at which the next item of a session begins. */
  #next: number;
  /** The byte of the spool at which begins what comes behind all output, once some of it has come. */
  #endingAt: number | undefined;

  constructor(
    { nonce, workers }: Pick<PreparedJob, "nonce" | "workers">,
    {
      inputs,
      target,
      origin,
      write,
      log,
      clock,
      gunzip,
      drained,
      workspace,
      cancel,
      budget,
      items,
    }: JobOutputContext,
    bucket: ArtifactsBucket = noBucket(),
  ) {
    const { where } = inputs;
    const { task = 0, tasks = 1 } = origin.fanOut ?? {};
    const limits = budget.spoolLimits(tasks);
    this.nonce = nonce;
    this.fromTheStart = () => new Spool(workers, { hasLock: inputs.lock !== undefined, limits });
    const from = where.kind === "handle" ? where.handle.shown : undefined;
    this.spool = from === undefined ? this.fromTheStart() : new Spool(workers, { from, limits });
    this.#next = this.spool.offset;
    [this.#log, this.#workers, this.#task, this.#budget, this.#items] = [log, workers, task, budget, items];
    this.#files = new ScriptFiles(budget.memory);
    this.#printer = new Printer({
      ...{ write, workers, memory: budget.memory, keep: keptEnds(tasks, workers) },
      onHeader: (line) => log.fold(headerTitle(target), line),
      continued: inputs.workflowCommands ? "[continued] " : "",
    });
    const { artifacts } = inputs;
    const folder = isSeveral(where) ? `task-${this.#task}` : undefined;
    this.#artifacts =
      artifacts &&
      new JobArtifacts({
        ...{ artifacts, folder, workspace, clock, gunzip, cancel, step: budget, ...bucket },
        ...{ enough: enoughUnpacked(tasks), hasItems: inputs.itemFiles !== undefined },
        onProgress: (done) => log.progress?.(done),
      });
    const readers = { files: this.#files, artifacts: this.#artifacts, items: items?.jobDirectories };
    this.#unsettled = new Unsettled(budget.memory, readers);
    this.#missing = artifacts?.missing ?? "warn";
    this.#drained = drained;
    this.#isLive = inputs.logs !== "cloudwatch" && inputs.logs !== "s3";
  }

  /** Shows output of a session, unless `logs` asks for the output of a log. */
  showLive = (shown: OutputItem): void => {
    if (isBehindOutput(shown)) this.#endingAt ??= this.#next;
    this.#items?.jobDirectories.note(shown, this.#next);
    this.#next = this.spool.offset;
    this.#items?.take(shown, this.#workers);
    if (this.#isLive) this.#show(shown);
  };

  /** Shows output of a log. */
  show = (shown: OutputItem): void => {
    this.#items?.jobDirectories.note(shown, 0);
    this.#items?.take(shown, this.#workers);
    this.#show(shown);
  };

  #show(shown: OutputItem): void {
    this.#printer.print(shown);
    this.#unsettled.take(shown);
  }

  /** Back-pressure, of the log and of the artifacts. */
  drained = async (): Promise<void> => {
    await this.#drained();
    await this.#artifacts?.drained();
    await this.#items?.jobDirectories.drained();
  };

  /**
   * The byte of the spool at which another step goes on if this one detaches: what came before was shown for certain. The ends of items, files of the
   * script, artifacts and directories of items may have come while this step detached. They belong to the step that takes the job's end, and are read
   * from their beginning, so the other step begins there.
   */
  get resumeAt(): number {
    const open = this.#items?.jobDirectories.openSince;
    return Math.min(this.#endingAt ?? Infinity, open ?? Infinity, this.spool.confirmed);
  }

  /** Whether all output is here, and what comes behind it has begun. */
  get isEnding(): boolean {
    return this.#endingAt !== undefined;
  }

  /** When the first artifacts came. */
  get artifactsFrom(): number | undefined {
    return this.#artifacts?.beganAt;
  }

  /** Takes the job's end. When that is known, all that the job has sent is here, and certain. What comes to another step again is dropped. */
  settle({ kind }: JobEnd): void {
    if (kind === "status") this.#unsettled.settle();
    else if (kind === "detached") {
      this.#unsettled.rollBack();
      this.#files.drop();
    } else this.#unsettled.settleItems();
  }

  /** Waits for the artifacts of a job that had this end, and logs what is missing. Undefined when none were asked for, when no script ran, or when the job is detached. */
  async artifacts(end: JobEnd, attached: boolean): Promise<ArtifactsReport | undefined> {
    const hasRun = attached && !(end.kind === "status" && end.status.kind === "refused");
    const isDetached = end.kind === "detached";
    this.settle(end);
    const report = await this.#artifacts?.end();
    if (isDetached || !hasRun) return undefined;
    if (report === undefined) return undefined;
    const { count, bytes, directory, problems } = report;
    this.#log.info(`Artifacts: ${count} ${count === 1 ? "file" : "files"}, ${bytes} bytes, in ${directory}.`);
    if (report.leftOut !== undefined) this.#log.info(report.leftOut);
    const level = this.#missing === "ignore" ? "info" : "warning";
    for (const problem of problems) this.#log[level](problem, "files.md#what-is-missing");
    return report;
  }

  /** Ends the output. Returns what is kept of it, and warns of problems with the script's own outputs. */
  end(): PrintedOutput {
    const printer = this.#printer;
    printer.end();
    this.spool.close();
    const results = scriptResults(this.#files.written(), {
      ...{ workers: this.#workers, hasItems: this.#items !== undefined },
    });
    this.#files.close();
    // The step keeps this function, which must not keep all that this job has printed.
    const log = this.#log;
    const script = this.#budget.scripts.keep(this.#task, results, (problem) =>
      log.warning(problem, LIMITS_PAGE),
    );
    for (const problem of script.problems) log.warning(problem, LIMITS_PAGE);
    const { stdout, allStderr, cut, lastLines } = printer;
    const [workerStdout, stderr] = [printer.endsOf("stdout"), printer.endsOf("stderr")];
    return { stdout, allStderr, cut, lastLines, workerStdout, stderr, script };
  }
}

function noBucket(): ArtifactsBucket {
  return {
    readPart: () => Promise.reject(new Error("it is in a bucket, which this run does not know")),
    onListed: () => undefined,
  };
}

/** The texts of items, files of the script and artifacts come when no worker prints any more. */
function isBehindOutput(item: OutputItem): boolean {
  if (item.kind === "item-fact") return item.text.startsWith("text ");
  return ["file-command", "file-left-out", "artifact-bytes", "artifact-fact"].includes(item.kind);
}

/** The title under which the step's log folds the header. The logs of the sessions have the header unfolded. */
function headerTitle({ container, taskId }: JobContext["target"]): string {
  return `The script runs in container '${container}' of task ${taskId}`;
}

/** Whether the inputs allow more than one task: then each has a directory of its own, also when only one is found. */
function isSeveral(where: JobContext["inputs"]["where"]): boolean {
  return (where.kind === "service" || where.kind === "new") && where.tasks !== 1;
}
