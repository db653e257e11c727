import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { JobArtifacts } from "../../src/job/artifacts.ts";
import type { Artifacts } from "../../src/inputs/inputs.ts";
import { artifactGlobs } from "../../src/inputs/artifacts.ts";
import { SHELLS } from "../helpers/shells.ts";
import { turnOf } from "../helpers/turns.ts";
import { watch, type WatchOptions } from "../helpers/watch.ts";

let scratch: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "fx-artifacts-"));
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

function globs(text: string) {
  const answer = artifactGlobs(text);
  if (!("value" in answer)) throw new Error(answer.must);
  return answer.value;
}

/** Runs a script in a directory of its own, and brings what the globs select back into another one. */
async function run(
  text: string,
  options: Partial<WatchOptions> & Pick<WatchOptions, "script">,
  more: Partial<Artifacts> = {},
) {
  const [there, back] = ["there", "back"].map((name) => join(scratch, name));
  mkdirSync(there ?? "");
  const artifacts: Artifacts = {
    ...{ globs: globs(text), directory: back ?? "", within: [scratch] },
    ...{ maxCount: 1000, maxBytes: 64 << 20, missing: "warn" },
    ...more,
  };
  const received = new JobArtifacts({ artifacts, folder: "", workspace: scratch, now: () => 0 });
  const job = await watch({
    ...{ artifacts, workingDirectory: there },
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
    },
  });
  const report = await received.end(job.status !== undefined);
  return { job, report, back: back ?? "" };
}

const tree = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, encoding: "utf8" }).sort();

describe.each(turnOf(SHELLS, 2))("artifacts under %s", (sh) => {
  it("come back as the globs say, after a failure, too", async () => {
    const script = `mkdir -p out/sub .h; echo one >out/a.txt; echo two >out/sub/b.txt; echo x >out/c.log; echo .e >.h/e.txt; printf A >'a b'; exit 3`;
    const { job, report, back } = await run("out\n**/*.txt\n!**/c.log\na*\nnone/*", { sh, script });
    expect(job.status).toMatchObject({ reason: "exited", workers: [{ exitCode: 3 }] });
    expect(tree(back)).toEqual([".h", ".h/e.txt", "a b", "out", "out/a.txt", "out/sub", "out/sub/b.txt"]);
    expect(readFileSync(join(back, "out/sub/b.txt"), "utf8")).toBe("two\n");
    expect(report).toMatchObject({ count: 4, problems: ["'none/*' matches nothing in the container."] });
    expect(job.stdout.toString()).toBe("");
  });
});
