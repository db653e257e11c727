import { execFileSync } from "node:child_process";
import { extractAll } from "../helpers/extracted.ts";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { RecordReader } from "../../src/carriers/stream/records.ts";
import { has } from "../helpers/needs.ts";
import { recorderAwk } from "../../src/payload/container-source.ts";
import { redactionPatterns } from "../../src/payload/redaction.ts";
import { findProgram, withoutPython } from "../helpers/tools.ts";
import { everyNth, itInSoak } from "../helpers/every-nth.ts";
import { eventually } from "../helpers/until.ts";
import { watch, WatchedJob } from "../helpers/watch.ts";
import { hundreds, redact } from "./recording.ts";

const AWKS = (["mawk", "gawk", "busybox"] as const).filter((awk) =>
  has(awk, findProgram(awk) === "" ? `${awk} is not on PATH.` : undefined),
);

describe.each(everyNth(AWKS, 2))("without python3, with the awk of %s", (awk) => {
  /** For what does not depend on the awk more than all of the recorder does: `npm run soak shells` runs it with each. */
  const once = awk === AWKS[0] ? it : itInSoak;
  let path: string;
  beforeAll(() => {
    path = withoutPython(awk, tmpdir());
  });
  afterAll(() => rmSync(path, { recursive: true }));

  const run = (options: Parameters<typeof watch>[0]): ReturnType<typeof watch> =>
    watch({ ...options, containerEnv: { PATH: path } });

  once("brings back output and exit code", async () => {
    const job = await run({ script: "echo out; echo err >&2; printf 'no end'; exit 3" });
    expect(job.stdout.toString()).toBe("out\nno end");
    expect(job.stderr.toString()).toBe("err\n");
    expect(job.status).toMatchObject({ reason: "exited", workers: [{ exitCode: 3 }] });
  });

  it("passes every byte, and NUL only when the awk is GNU's or mawk", async () => {
    const bytes = Buffer.from([...Array.from({ length: 256 }, (_, i) => i), ...Buffer.from("\ufffd\ufffd.")]);
    const octal = [...bytes].map((b) => `\\${b.toString(8).padStart(3, "0")}`).join("");
    const job = await run({ script: `printf '${octal}'` });
    const expected = Buffer.from(bytes);
    if (awk === "busybox") expected[0] = "?".charCodeAt(0);
    expect(job.stdout.toString("latin1")).toBe(expected.toString("latin1"));
  });

  once("keeps the lines of several workers whole, however long they are", async () => {
    const script = `
      i=0; long=$(printf '%09000d' "$FARGATE_EXEC_WORKER")
      while [ $i -lt 50 ]; do echo "$FARGATE_EXEC_WORKER $i $long"; echo "$FARGATE_EXEC_WORKER error" >&2; i=$((i + 1)); done`;
    const job = await run({ script, workers: 3 });
    const lines = new Map<string, string>();
    const whole: string[] = [];
    for (const event of job.events) {
      if (event.kind !== "text" || event.stream !== "stdout") continue;
      const line = (lines.get(event.source) ?? "") + event.bytes.toString();
      lines.set(event.source, event.ends ? "" : line);
      if (event.ends) whole.push(line);
    }
    const expected = [0, 1, 2].flatMap((w) =>
      Array.from({ length: 50 }, (_, i) => `[${w}] ${w} ${i} ${String(w).padStart(9000, "0")}`),
    );
    // The lines themselves are too long to compare in the message of a failure.
    const short = (line: string): string => `${line.slice(0, 12)} … ${line.length} … ${line.slice(-3)}`;
    expect(whole.map(short).toSorted()).toEqual(expected.map(short).toSorted());
    expect(new Set(whole)).toEqual(new Set(expected));
    expect(job.stderr.toString().split("\n").length).toBe(151);
  });

  it("redacts secrets, those that overlap and those that come in two pieces", async () => {
    const secrets = { ONE: "abcdef", TWO: "defghi", THREE: "first line\nsecond line" };
    const script = `echo "<abcdefghi>"; printf 'abc'; sleep 0.3; echo 'def.'; printf '%s\\n' "$THREE"; printf 'ends with abcde'`;
    const job = await run({ script, secrets });
    expect(job.stdout.toString()).toBe("<***>\n***.\n***\n***\nends with abcde");
    expect(job.terminal.includes("second line")).toBe(false);
  });

  /** Records these lines by the recorder alone, and gives what the spool shows of them. */
  function recordLines(lines: readonly string[], secrets: readonly string[]): string {
    const program = awk === "busybox" ? ["busybox", "awk"] : [awk];
    const recorder = join(path, "recorder.awk");
    writeFileSync(recorder, recorderAwk());
    const args = ["-f", recorder, "o", "0", "1"];
    const patterns = join(path, "patterns");
    writeFileSync(patterns, secrets.toSorted().join("\n"));
    const spool = execFileSync("sh", ["-c", '"$@" 5<&0 <"$0"', patterns, ...program, ...args], {
      env: { PATH: process.env["PATH"], LC_ALL: "C" },
      input: lines.map((each) => `${each}\n`).join(""),
      maxBuffer: 64 * 1024 * 1024,
    });
    const shown = extractAll(new RecordReader(12), spool).flatMap((record) =>
      record.kind === "text" ? [record.bytes, Buffer.from(record.ends ? "\n" : "")] : [],
    );
    return Buffer.concat(shown).toString();
  }

  it("hides every value in every line, also in lines longer than a page", () => {
    const secrets = ["babbab", "abab", "abba", "aabb"];
    const line = fc.oneof(
      { weight: 30, arbitrary: fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 40 }) },
      {
        weight: 30,
        arbitrary: fc.string({ unit: fc.constantFrom("x", "y", "\u001b", "\ufffd"), maxLength: 200 }),
      },
      fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 5_000, maxLength: 9_000 }),
    );
    const lines = fc.sample(line, { numRuns: process.env["EVERY_ROW"] === "1" ? 3_000 : 1_000, seed: 7 });
    expect(recordLines(lines, secrets)).toBe(lines.map((each) => `${redact(each, secrets)}\n`).join(""));
  });

  once.each([
    ["of many sizes", 5, 60],
    ["none of which is short", 16, 60],
  ])("hides each of hundreds of values, %s", (_, minLength, maxLength) => {
    const { secrets, lines } = hundreds(minLength, maxLength);
    expect(recordLines(lines, secrets)).toBe(lines.map((each) => `${redact(each, secrets)}\n`).join(""));
  });

  once("shows secrets that touch for longer than a buffer as one, up to the end of the last", () => {
    const chain = "a".repeat(100_000);
    const secrets = ["aaaa", "aaab", "ab12345"];
    expect(recordLines([`x${chain}c`, `${chain}b12345`, `${chain}b1234`], secrets)).toBe(
      "x***c\n***\n***1234\n",
    );
  });

  it.each(
    everyNth(
      [
        ["bytes at which awk cuts", "\u0001", ["abcd"]],
        ["a secret that overlaps itself", "a", ["aaaa"]],
        ["the beginning of a secret", "abc", ["abcabcabcd"]],
        ["marks", "\u001b]7733;", ["abcd"]],
        ["characters that the agent damages", "\ufffd", ["abcd"]],
        ["line ends with a long line after them", `${"\n".repeat(60_000)}${"x".repeat(5_000)}`, ["abcd"]],
      ] as const,
      3,
      awk === "mawk" ? 0 : 2,
    ),
  )("takes seconds at most for a flood of %s", (_, unit, secrets) => {
    const flood = unit.repeat(Math.ceil(120_000 / unit.length));
    const began = performance.now();
    const shown = recordLines([flood], secrets);
    expect(performance.now() - began).toBeLessThan(15_000);
    expect(shown).toBe(`${redact(flood, secrets)}\n`);
  });

  once("cuts no mark in two when a line is longer than a page", () => {
    const unit = fc.constantFrom("x", "yz", "\u001b]7733;", "\ufffd");
    const lines = fc.sample(fc.string({ unit, minLength: 900, maxLength: 4_000 }), { numRuns: 300, seed: 3 });
    // The text itself is too long to compare in the message of a failure.
    const same = recordLines(lines, []) === lines.map((each) => `${each}\n`).join("");
    expect(same).toBe(true);
  });

  once("takes more patterns than an environment holds", async () => {
    const line = (at: number): string => `line ${at} of a key that is long enough to be seen in every log`;
    const KEY = Array.from({ length: 900 }, (_, at) => line(at)).join("\n");
    expect(redactionPatterns({ KEY }).join("\n").length).toBeGreaterThan(256 * 1024);
    const job = await run({ script: 'echo "$KEY" | tail -n 2; exit 3', secrets: { KEY } });
    expect(job.stdout.toString()).toBe("***\n***\n");
    expect(job.status).toMatchObject({ reason: "exited", workers: [{ exitCode: 3 }] });
  });

  once("shows the beginning of a line whose rest does not come", async () => {
    const seen = join(path, "seen");
    const job = await run({
      script: `printf begun; until [ -e "${seen}" ]; do sleep 0.1; done; exit 3`,
      onEvent: (event) => {
        if (event.kind === "text" && event.bytes.includes("begun")) writeFileSync(seen, "");
      },
    });
    // A job that waited in vain would have been stopped at its timeout.
    expect(job.status).toMatchObject({ reason: "exited", workers: [{ exitCode: 3 }] });
  });

  once("does not wait for a daemon, and lets it live", async () => {
    const script = `nohup sh -c 'while :; do echo tick; sleep 0.1; done' & echo "$!"`;
    const job = await run({ script });
    const daemon = Number(
      job.stdout
        .toString()
        .split("\n")
        .find((line) => /^\d+$/.test(line)),
    );
    try {
      expect(job.status).toMatchObject({ workers: [{ exitCode: 0 }] });
      execFileSync("sleep", ["0.5"]);
      expect(existsSync(`/proc/${daemon}`)).toBe(true);
    } finally {
      process.kill(daemon);
    }
  });

  once("leaves nothing of workers that were cancelled before they began", async () => {
    const job = new WatchedJob({
      workers: 12,
      script: "echo begun; sleep 60",
      containerEnv: { PATH: path },
      onEvent: (event, cancel) => {
        if (event.kind === "text") cancel();
      },
    });
    await job.attach().closed;
    expect(job.status).toMatchObject({ reason: "cancelled" });
    await eventually(() => job.processes, []);
  });

  once("brings large output over whole", async () => {
    const file = join(path, "large");
    writeFileSync(file, Array.from({ length: 100_000 }, (_, i) => `line ${i}\n`).join(""));
    const job = await run({ script: `cat ${file}` });
    expect(job.stdout.equals(readFileSync(file))).toBe(true);
  });
});
