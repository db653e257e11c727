import { JobArtifacts } from "../../src/job/artifacts.ts";
import { artifactGlobs } from "../../src/inputs/artifacts.ts";
import type { Artifacts } from "../../src/inputs/inputs.ts";
import type { ArtifactsReport } from "../../src/report/artifacts.ts";
import { WatchedJob, type WatchOptions } from "../helpers/watch.ts";

export interface BroughtBack {
  readonly job: WatchedJob;
  readonly report: ArtifactsReport | undefined;
  /** How many terminals were cut. */
  readonly cuts: number;
}

/**
 * Runs a job on this machine or in a container, and unpacks what the globs bring back into a directory. `cutsAfter` has how many records
 * with bytes come before each cut of the terminal.
 */
export async function bringBack(
  globs: string,
  directory: string,
  options: WatchOptions,
  {
    more = {},
    cutsAfter = [],
  }: { readonly more?: Partial<Artifacts>; readonly cutsAfter?: readonly number[] } = {},
): Promise<BroughtBack> {
  const parsed = artifactGlobs(globs);
  if (!("value" in parsed)) throw new Error(parsed.must);
  const artifacts: Artifacts = {
    ...{ globs: parsed.value, directory, within: ["/"] },
    ...{ maxCount: 1000, maxBytes: 1 << 30, missing: "warn" },
    ...more,
  };
  const received = new JobArtifacts({ artifacts, folder: "", workspace: directory, now: () => 0 });
  const left = [...cutsAfter];
  let records = 0;
  let cuts = 0;
  const job = new WatchedJob({
    artifacts,
    ...options,
    onEvent: (event, cancel) => {
      switch (event.kind) {
        case "artifact-bytes":
        case "artifact-fact":
        case "confirmed":
        case "gap":
          received.take(event);
      }
      options.onEvent?.(event, cancel);
      if (event.kind !== "artifact-bytes" || left[0] === undefined || ++records < left[0]) return;
      records = 0;
      cuts += 1;
      left.shift();
      void terminal.kill();
    },
  });
  let terminal = job.attach();
  await terminal.closed;
  for (let before = 0; job.status === undefined && cuts > before;) {
    before = cuts;
    terminal = job.attach();
    await terminal.closed;
  }
  const report = await received.end(job.status !== undefined);
  return { job, report, cuts };
}
