import { systemClock } from "../../src/clock.ts";
import { JobArtifacts } from "../../src/run/job/artifacts.ts";
import { Unsettled } from "../../src/run/job/unsettled.ts";
import { StepBudget } from "../../src/run/step-budget.ts";
import { artifactGlobs } from "../../src/inputs/artifact-globs.ts";
import type { Artifacts } from "../../src/inputs/inputs.ts";
import type { ArtifactsReport } from "../../src/report/missing-artifacts.ts";
import { DETACH } from "../../src/payload/input.ts";
import { realWorld } from "../../src/run/step/world.ts";
import { WatchedJob, type WatchOptions } from "../helpers/watch.ts";

export interface BringBackResult {
  readonly job: WatchedJob;
  readonly report: ArtifactsReport | undefined;
  /** How many terminals were cut. */
  readonly cuts: number;
}

interface BringBackOptions {
  readonly more?: Partial<Artifacts>;
  /** How many records with bytes come before each cut of the terminal. */
  readonly cutsAfter?: readonly number[];
  /** The terminal is cut this long after it shows the job, in milliseconds. */
  readonly cutAfterMs?: number | undefined;
  /** True: the first reader leaves the job while its first artifacts are on their way, and a second one attaches. */
  readonly leaves?: boolean;
}

/** Runs a job on this machine or in a container, and unpacks what the globs bring back into a directory. */
export async function bringBack(
  globs: string,
  directory: string,
  options: WatchOptions,
  { more = {}, cutsAfter = [], cutAfterMs, leaves = false }: BringBackOptions = {},
): Promise<BringBackResult> {
  const parsed = artifactGlobs(globs);
  if (!("value" in parsed)) throw new Error(parsed.must);
  const artifacts: Artifacts = {
    ...{ globs: parsed.value, directory, within: ["/"] },
    ...{ maxCount: 1000, maxBytes: 1 << 30, missing: "warn" },
    ...more,
  };
  const reader = (): JobArtifacts =>
    new JobArtifacts({
      ...{ artifacts, folder: "", workspace: directory, clock: systemClock, gunzip: realWorld.gunzip },
      readPart: () => Promise.reject(new Error("there is no bucket")),
      step: new StepBudget(),
      onListed: () => undefined,
    });
  let received = reader();
  let output = new Unsettled(new StepBudget().memory, { artifacts: received });
  let next = 0;
  let leftAt: number | undefined;
  const cutsLeft = [...cutsAfter];
  let records = 0;
  let cuts = 0;
  let timer: NodeJS.Timeout | undefined;
  const job = new WatchedJob({
    ...{ artifacts, detaches: leaves },
    ...options,
    onEvent: (event, cancel) => {
      if (leaves && leftAt === undefined && event.kind.startsWith("artifact")) {
        leftAt = next;
        Object.assign(job.options, { confirm: false });
        terminal.type(DETACH);
      }
      next = job.extractor.offset;
      switch (event.kind) {
        case "artifact-bytes":
        case "artifact-fact":
        case "confirmed":
        case "gap":
          output.take(event);
      }
      options.onEvent?.(event, cancel);
      if (event.kind === "attached" && cutAfterMs !== undefined && timer === undefined)
        timer = setTimeout(() => {
          if (terminal.isClosed) return;
          cuts += 1;
          void terminal.kill();
        }, cutAfterMs);
      if (event.kind !== "artifact-bytes" || cutsLeft[0] === undefined || ++records < cutsLeft[0]) return;
      records = 0;
      cuts += 1;
      cutsLeft.shift();
      void terminal.kill();
    },
  });
  let terminal = job.attach();
  await terminal.closed;
  if (leftAt !== undefined) {
    await received.end();
    received = reader();
    output = new Unsettled(new StepBudget().memory, { artifacts: received });
    Object.assign(job.options, { confirm: true });
    terminal = job.attachOnly(leftAt);
    await terminal.closed;
  }
  for (let before = 0; job.status === undefined && cuts > before;) {
    before = cuts;
    terminal = job.attach();
    await terminal.closed;
  }
  clearTimeout(timer);
  if (job.status !== undefined) output.settle();
  const report = await received.end();
  return { job, report, cuts };
}
