import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/clock.ts";
import { artifactGlobs } from "../../src/inputs/artifact-globs.ts";
import { JobArtifacts } from "../../src/run/job/artifacts.ts";
import { Unsettled } from "../../src/run/job/unsettled.ts";
import { StepBudget } from "../../src/run/step-budget.ts";
import { passPy } from "../../src/payload/container-source.ts";
import { PartReader } from "../../src/carriers/pieces/parts.ts";
import { realWorld } from "../../src/run/step/world.ts";
import { RecordReader } from "../../src/carriers/stream/records.ts";
import { extractAll } from "../helpers/extracted.ts";
import type { Fault } from "../helpers/piece-bucket.ts";
import { findProgram } from "../helpers/tools.ts";
import { PATIENCE, removeAll, UploadedJob } from "./upload-rig.ts";

const scratch = mkdtempSync(join(tmpdir(), "fx-parts-"));
afterAll(async () => {
  await removeAll();
  rmSync(scratch, { recursive: true });
});

const PARTS = /[/]part[.]\d+$/;

/** Packs 9 MB that gzip can't make smaller, once the runner reads S3, and unpacks what has come. */
async function bringBack(name: string, fault: (before: number) => Fault | undefined) {
  const there = join(scratch, name);
  mkdirSync(there);
  const parsed = artifactGlobs("big");
  const globs = "value" in parsed ? parsed.value : [];
  const limits = { maxCount: 10, maxBytes: 1 << 30 };
  const uploaded = await UploadedJob.make({
    ...{ workingDirectory: there, containerEnv: { PATH: "/usr/bin:/bin" }, artifacts: { globs, ...limits } },
    script:
      'until [ -e "${0%/*}/stays" ] || [ ! -e "${0%/*}/attacher" ]; do sleep 0.1; done; head -c 9000000 /dev/urandom >big; date +%s%N >>big',
  });
  const { bucket, order } = uploaded;
  let faults = 0;
  bucket.fault = (_, key) => (PARTS.test(key) ? fault(faults++) : undefined);
  await uploaded.followBriefly();
  await uploaded.ended();
  const directory = join(there, "back");
  const { job, keys, folder: prefix } = order;
  const reader = new PartReader({
    ...{
      clock: systemClock,
      gunzip: realWorld.gunzip,
      over: AbortSignal.abort(),
      bucket: { bucket: "" },
      retries: 0,
    },
    folders: () => [{ job, keys: { inner: keys[0], outer: keys[1] }, prefix }],
    s3: {
      getVersion: ({ key }) => {
        const bytes = bucket.objects.get(key);
        return Promise.resolve(bytes && { bytes, etag: "", versionId: undefined, modified: 0, age: 0 });
      },
    },
  });
  const received = new JobArtifacts({
    artifacts: { globs, directory, within: [there], ...limits, missing: "warn" },
    ...{
      folder: "",
      workspace: there,
      clock: systemClock,
      gunzip: realWorld.gunzip,
      onListed: () => undefined,
    },
    ...{ readPart: (number) => reader.read(number), step: new StepBudget() },
  });
  const output = new Unsettled(new StepBudget().memory, { artifacts: received });
  for (const item of extractAll(new RecordReader(1), uploaded.spool())) output.take(item);
  output.settle();
  const { problems } = await received.end();
  expect(problems).toEqual([]);
  expect(readFileSync(join(directory, "big")).equals(readFileSync(join(there, "big")))).toBe(true);
  await uploaded.take();
  return {
    parts: [...bucket.objects.keys()].filter((key) => PARTS.test(key)),
    spool: uploaded.spool().length,
  };
}

it.concurrent(
  "an archive goes to S3 in parts, and the spool has only records that name them",
  async () => {
    const { parts, spool } = await bringBack("taken", () => undefined);
    expect(parts.map((key) => key.slice(-6)).toSorted()).toEqual(["part.0", "part.1"]);
    expect(spool).toBeLessThan(10_000);
  },
  PATIENCE,
);

it.concurrent(
  "a part whose upload is cut is sent again",
  async () => {
    const { parts, spool } = await bringBack("cut", (before) => (before === 0 ? "hang-up" : undefined));
    expect(parts).toHaveLength(2);
    expect(spool).toBeLessThan(10_000);
  },
  PATIENCE,
);

it.concurrent(
  "when S3 takes no part the archive's bytes go into the spool, and none is lost",
  async () => {
    const { parts, spool } = await bringBack("denied", () => ({ status: 403, code: "AccessDenied" }));
    expect(parts).toEqual([]);
    expect(spool).toBeGreaterThan(9_000_000);
  },
  PATIENCE,
);

it.each([false, true])(
  "the packing program, which runs as the script's user, can't name a part itself (S3: %s)",
  (pieces) => {
    const words = [join(scratch, "enough"), "", ...(pieces ? [scratch] : [])];
    const passed = (input: string): string =>
      execFileSync(findProgram("python3"), ["-I", "-S", "-c", passPy(pieces), ...words], {
        input,
      }).toString();
    for (const line of ["fpart", "fno-part", "fpart 1"])
      expect(passed(`${line}\nflist 1 "later"\n`)).toBe("");
    expect(passed('flist 1 "a"\n')).toBe('\u001b]7733;f\u0007list 1 "a"\n');
  },
);
