import { heldBytes } from "../../helpers/memory.ts";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { systemClock } from "../../../src/clock.ts";
import { JobArtifacts } from "../../../src/run/job/artifacts.ts";
import { Unsettled } from "../../../src/run/job/unsettled.ts";
import { StepBudget } from "../../../src/run/step-budget.ts";
import { type ArtifactsBudget, artifactsBudget } from "../../../src/carriers/pieces/budget.ts";
import { realWorld } from "../../../src/run/step/world.ts";
import { everyNth } from "../../helpers/every-nth.ts";

// What root of a container can say and upload: records and parts are authentic here.

const MIB = 1024 * 1024;
const scratch = mkdtempSync(join(tmpdir(), "fx-budget-"));
mkdirSync(join(scratch, "from"));
writeFileSync(join(scratch, "from/a"), "small");
const archive = execFileSync("tar", ["-czC", join(scratch, "from"), "a"]);
/** Bytes that gzip unpacks to nothing. */
const EMPTY = gzipSync("");
const nothing = (bytes: number): Buffer =>
  Buffer.alloc(Math.floor(bytes / EMPTY.length) * EMPTY.length, EMPTY);
afterAll(() => rmSync(scratch, { recursive: true }));

interface Limits {
  readonly maxCount?: number;
  readonly maxBytes?: number;
  readonly budget?: Partial<ArtifactsBudget>;
}

class Victim {
  readonly reads: number[] = [];
  readonly artifacts: JobArtifacts;
  readonly output: Unsettled;

  constructor(
    { maxCount = 10, maxBytes = MIB, budget }: Limits = {},
    part: (number: number) => Buffer = () => nothing(8 * MIB),
  ) {
    const limits = { maxCount, maxBytes };
    const step = new StepBudget();
    this.artifacts = new JobArtifacts({
      artifacts: {
        globs: [{ pattern: "a", isExclusion: false }],
        directory: join(scratch, "back"),
        within: [scratch],
        ...limits,
        missing: "warn",
      },
      ...{
        folder: undefined,
        workspace: scratch,
        clock: systemClock,
        gunzip: realWorld.gunzip,
        onListed: () => undefined,
      },
      budget: { ...artifactsBudget(limits), ...budget },
      step,
      readPart: (number) => {
        this.reads.push(number);
        return Promise.resolve(part(number));
      },
    });
    this.output = new Unsettled(step.memory, { artifacts: this.artifacts });
  }

  /** Says this so often, confirmed by the carrier as often as S3 does. */
  async say(count: number, text: (at: number) => string): Promise<this> {
    for (let at = 0; at < count; at += 1) {
      this.output.take({ kind: "artifact-fact", text: text(at) });
      if (at % 10_000 !== 0) continue;
      this.output.take({ kind: "confirmed" });
      await this.artifacts.drained();
    }
    return this;
  }

  async end(): Promise<string> {
    this.output.settle();
    return (await this.artifacts.end()).problems.join(" ");
  }
}

const floods = [
  ["names parts", () => "part"],
  ["names parts that are not there", () => "no-part"],
  ["lists files", (at: number) => `list 1 "${at}"`],
  ["lists one file", () => 'list 1 "a"'],
  ["lists files with long names", (at: number) => `list 1 "${at}${"n".repeat(4_000)}"`],
  ["can't read files", (at: number) => `unread "${at}" because`],
] as const;
it.each(everyNth(floods, 4))(
  "a container that %s, 150,000 times, takes little memory and is told",
  async (_, text) => {
    const before = heldBytes();
    const victim = await new Victim({ maxCount: 10_000 }).say(150_000, text);
    expect(heldBytes() - before).toBeLessThan(30e6);
    expect(await victim.end()).toContain("the container sends more than");
  },
);

it("a fact that names a part by itself is none, so nothing is read for it", async () => {
  const named = `part ${"0".repeat(32)} 999999999 1 ${"0".repeat(64)}`;
  const victim = await new Victim().say(200, () => named);
  await victim.end();
  expect(victim.reads).toEqual([]);
});

it("200 parts of 8 MiB are not downloaded when the inputs allow a mebibyte", async () => {
  const victim = await new Victim().say(200, () => "part");
  expect(await victim.end()).toContain("'artifacts-max-size' allows no more");
  expect(victim.reads.length).toBeLessThanOrEqual(4);
});

it("an archive that is broken is not downloaded to its end", async () => {
  const victim = await new Victim({ maxBytes: 1 << 30 }, () => Buffer.alloc(8 * MIB, "x")).say(
    100,
    () => "part",
  );
  expect(await victim.end()).toContain("incorrect header");
  expect(victim.reads.length).toBeLessThanOrEqual(5);
});

describe("each limit holds at the limit and one past it:", () => {
  const TOO_MUCH = "the container sends more than";

  it.each([0, 1])("facts (%s past it)", async (past) => {
    const victim = await new Victim({ budget: { facts: 50 } }).say(50 + past, () => 'list 1 "a"');
    expect((await victim.end()).includes(TOO_MUCH)).toBe(past === 1);
  });

  it.each([0, 1])("the characters of facts (%s past it)", async (past) => {
    const text = 'list 1 "a"';
    const victim = await new Victim({ budget: { factChars: 50 * text.length } }).say(50, () => text);
    if (past) await victim.say(1, () => "cut");
    expect((await victim.end()).includes(TOO_MUCH)).toBe(past === 1);
  });

  it.each([0, 1])("parts (%s past it)", async (past) => {
    const victim = await new Victim({ budget: { parts: 5 } }, (number) =>
      number === 0 ? archive : EMPTY,
    ).say(5 + past, () => "part");
    expect((await victim.end()).includes(TOO_MUCH)).toBe(past === 1);
    expect(victim.reads.length).toBeLessThanOrEqual(5);
  });

  it.each([0, 1])("packed bytes (%s past it)", async (past) => {
    const victim = new Victim({ budget: { packed: archive.length + 2 * EMPTY.length - past } });
    for (const bytes of [archive, EMPTY, EMPTY]) victim.output.take({ kind: "artifact-bytes", bytes });
    victim.output.take({ kind: "artifact-fact", text: "end 0 -" });
    expect(await victim.end()).toBe(
      past === 0 ? "" : "The artifacts did not come whole: 'artifacts-max-size' allows no more.",
    );
  });
});

it("facts that come again after a cut count once", async () => {
  const victim = new Victim({ budget: { facts: 10 } });
  for (let session = 0; session < 5; session += 1) {
    for (let at = 0; at < 9; at += 1) victim.output.take({ kind: "artifact-fact", text: 'list 1 "a"' });
    if (session < 4) victim.output.take({ kind: "gap", expected: 1, got: 0, offset: 0 });
  }
  expect(await victim.end()).not.toContain("sends more");
});
