import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runShell, SHELLS } from "../helpers/shells.ts";
import { everyNth } from "../helpers/every-nth.ts";
import { findProgram, withoutPython } from "../helpers/tools.ts";
import { until } from "../helpers/until.ts";
import { WatchedJob, type WatchOptions } from "../helpers/watch.ts";

const MIB = 1024 * 1024;
/** Milliseconds for a test on a busy machine. */
const PATIENCE = 300_000;
const jobs: WatchedJob[] = [];
const directory = mkdtempSync(join(tmpdir(), "spool-"));

afterAll(() => {
  for (const job of jobs) job.remove();
  rmSync(directory, { recursive: true });
});

/** A job of whose output 2 MiB may wait. */
function aJob(script: string, more: Partial<WatchOptions> = {}): WatchedJob {
  const job = new WatchedJob({ script, spoolLimit: 2 * MIB, packAbove: 256 * 1024, ...more });
  jobs.push(job);
  return job;
}

/** Bytes of the spool that are on the disk. */
function bytesKept(job: WatchedJob): number {
  const path = job.directory ?? "";
  let bytes = 0;
  try {
    for (const name of readdirSync(path))
      if (name.startsWith("out.")) bytes += statSync(join(path, name)).size;
  } catch {
    // The directory was removed meanwhile.
  }
  return bytes;
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const numbers = (count: number): string =>
  sha256(execFileSync("seq", [String(count)], { maxBuffer: 64 * MIB }));
const notes = (job: WatchedJob): string[] =>
  job.events.flatMap((event) => (event.kind === "note" && event.text.includes("held") ? [event.text] : []));
const HELD =
  "The job is held until more of its output has been read: 2 MB wait, half of what was free on the disk.";

/** The ways to record, each under another shell. */
const WAYS = (
  [
    ["python3", "dash"],
    ["mawk", "zsh --emulate sh"],
    ["gawk", "bash --posix"],
    ["busybox", "busybox ash"],
  ] as const
)
  .filter(([program, sh]) => findProgram(program) !== "" && SHELLS.includes(sh))
  .map(([program, sh]): readonly [string, Partial<WatchOptions>] => [
    program,
    program === "python3" ? { sh } : { sh, containerEnv: { PATH: withoutPython(program, directory) } },
  ]);

describe.each(everyNth(WAYS, 6))("recorded by %s", (_, way) => {
  it.concurrent(
    "confirmed output is removed, so that little more than the limit is ever kept; cuts lose and double nothing",
    async () => {
      const lines = 450_000;
      const job = aJob(`seq ${lines}; exit 3`, way);
      let most = 0;
      const looking = setInterval(() => (most = Math.max(most, bytesKept(job))), 10);
      for (let cut = 1; job.status === undefined && cut < 9; cut += 1) {
        const terminal = job.attach();
        const enough = (): boolean => cut < 3 && job.extractor.confirmed > cut * MIB;
        await until(() => terminal.isClosed || enough());
        if (enough()) await terminal.kill();
      }
      clearInterval(looking);
      expect(job.status).toMatchObject({ reason: "exited", workers: [{ exitCode: 3 }] });
      expect(sha256(job.output("stdout"))).toBe(numbers(lines));
      expect(most).toBeLessThan(2.5 * MIB);
    },
    PATIENCE,
  );

  it.concurrent(
    "a job is held at the limit until its reader confirms, and the log says so once",
    async () => {
      const lines = 400_000;
      const job = aJob(`seq ${lines}; sleep 1; echo end`, { ...way, confirm: false });
      const first = job.attach();
      await job.has("held");
      await until(() => notes(job).length > 0);
      const held = bytesKept(job);
      expect(held).toBeGreaterThanOrEqual(2 * MIB);
      expect(held).toBeLessThan(2.5 * MIB);
      await until(() => job.extractor.confirmed > MIB);
      expect(bytesKept(job)).toBe(held);
      await first.kill();

      Object.assign(job.options, { confirm: true });
      const second = job.attach();
      await second.closed;
      expect(sha256(job.output("stdout").subarray(0, -4))).toBe(numbers(lines));
      expect(job.status).toMatchObject({ workers: [{ exitCode: 0 }] });
      // The first note is of the first session. The second session may have found the job held, and says no more than that.
      const [note, ...more] = notes(job);
      expect(note).toBe(HELD);
      expect(more.length).toBeLessThanOrEqual(3);
      for (const text of more)
        expect(text).toMatch(/^The job (is held until|is not held any more|was held \d+ times)/);
    },
    PATIENCE,
  );
});

it(
  "an attach before the confirmed byte is refused as gone",
  async () => {
    const job = aJob("seq 300000; sleep 20");
    const first = job.attach();
    await until(() => job.extractor.confirmed > MIB && !readdirSync(job.directory ?? "").includes("out.0"));
    await first.kill();
    const second = job.attach(0);
    await second.says("refused");
    expect(second.events.at(-1)).toMatchObject({ code: "gone" });
  },
  PATIENCE,
);

it(
  "a job that is stopped while it is held ends, with what was still in its pipes",
  async () => {
    // The lines are long and few, so that this test reads them within the four seconds that a cancel waits.
    const job = aJob("trap 'echo told; exit 9' TERM; yes $(printf %01000d 7) & wait; echo end", {
      confirm: false,
    });
    const terminal = job.attach();
    await job.has("held");
    await until(() => notes(job).length > 0);
    terminal.type(Buffer.from("cancel\n"));
    await until(() => job.status !== undefined);
    expect(job.status).toMatchObject({ reason: "cancelled", workers: [{ exitCode: 9 }] });
    expect(job.output("stdout").toString().slice(-6)).toContain("told\n");
  },
  PATIENCE,
);

describe.each(everyNth(SHELLS, 5, 3))("under %s", (shell) => {
  const file = (name: string): string =>
    fileURLToPath(new URL(`../../src/payload/container/${name}`, import.meta.url));
  const functions = ["directory.sh", "spool.sh", "attacher.sh"].map((name) => `. ${file(name)}`).join("\n");

  it.each(["dd", "busybox dd"])(
    "`%s` reads as many bytes as it is told, from where the last read ended",
    (dd) => {
      const text = Array.from({ length: 200_000 }, (_, i) => `${i}\n`).join("");
      writeFileSync(join(directory, "text"), text);
      const script = `${functions}
      dd() { command ${dd} "$@" 2>/dev/null; }
      fx_begin=100
      exec 5<"$1"
      fx_skip_to 1100100
      for size in 1 511 1 4097 100000; do fx_read "$size"; done
      cat <&5`;
      expect(
        runShell(shell, script, [join(directory, "text")]).equals(Buffer.from(text.slice(1_100_000))),
      ).toBe(true);
    },
  );

  it("confirmed pieces are found and removed, but never the last one", () => {
    const script = `${functions}
      fx_dir=$1
      printf aaaa >"$fx_dir/out.0"; printf bbb >"$fx_dir/out.4"; printf cc >"$fx_dir/out.7"; printf d >"$fx_dir/out.9"
      for at in 0 3 4 8 9 99; do fx_find_segments "$at"; printf '%s/%s ' "$fx_oldest" "$fx_begin"; done
      for at in 3 x '' 4 8 9 100; do fx_confirm "$at"; fx_find_segments 99; printf '%s ' "$fx_oldest"; done
      rm "$fx_dir"/out.*; fx_find_segments 5; echo "$fx_oldest/$fx_begin"`;
    const printed = runShell(shell, script, [mkdtempSync(join(directory, "pieces-"))]).toString();
    expect(printed).toBe("0/0 0/0 0/4 0/7 0/9 0/9 0 0 0 4 7 9 9 /\n");
  });

  it("the first hold and its end are reported, and the number of all holds at the job's end", () => {
    const script = `${functions}
      fx_dir=$1 fx_nonce= fx_held= fx_holds=0
      fx_mark() { echo "\${1%%:*}"; }
      for step in 1 - 1 1 - 1 - - end; do
        case $step in 1) echo 2097152 >"$fx_dir/held" ;; -) rm -f "$fx_dir/held" ;; end) fx_tell_holds ;; esac
        [ "$step" = end ] || fx_tell_held
      done`;
    const reported = runShell(shell, script, [mkdtempSync(join(directory, "holds-"))]).toString();
    expect(reported.trim().split("\n")).toEqual([
      "n The job is held until more of its output has been read",
      "n The job is not held any more",
      "n The job was held 3 times, each time until half of the output that waited had been read.",
    ]);
  });

  it("a single hold is not counted at the end", () => {
    const script = `${functions}
      fx_mark() { echo "$1"; }
      for fx_holds in 0 1; do fx_tell_holds; done`;
    expect(runShell(shell, script).toString()).toBe("");
  });

  it("a job is not held any more once half of what may wait has gone", () => {
    const script = `${functions}
      fx_dir=$1
      printf aaaa >"$fx_dir/out.0"; printf bbbb >"$fx_dir/out.4"; printf cc >"$fx_dir/out.8"; echo 8 >"$fx_dir/held"
      for at in 3 4 8; do fx_confirm "$at"; [ ! -e "$fx_dir/held" ] || printf held; printf '%s ' "$at"; done`;
    const printed = runShell(shell, script, [mkdtempSync(join(directory, "held-"))]).toString();
    expect(printed).toBe("held3 4 8 ");
  });

  // The limit is 8 bytes, and a segment has 4. `stopping` says that the job is to end, `told` that its workers know it.
  it.each([
    ["below the limit", 7, "", "goes on"],
    ["at the limit", 8, "", "is held"],
    ["at the limit, to be stopped but not told so yet", 8, "stopping", "is held"],
    ["at the limit, told to stop", 8, "stopping told", "goes on"],
    ["within the room for last words", 11, "stopping told", "goes on"],
    ["past the room for last words", 12, "stopping told", "is held"],
    ["past the limit, to be stopped but not told so yet", 12, "stopping", "is held"],
    ["past all limits, its workers ended before they were told", 99, "stopping ending", "goes on"],
    ["past all limits, its workers ended", 99, "ending", "goes on"],
  ])("a job %s, with %s bytes and the files '%s', %s", (_, bytes, files, then) => {
    const script = `${functions}
      fx_dir=$1 fx_limit=8 fx_segment=4 fx_first=${bytes}
      : >"$fx_dir/out.0"
      for name in ${files}; do : >"$fx_dir/$name"; done
      sleep() { printf 'is held'; exit; }
      fx_hold
      printf 'goes on'`;
    const state = mkdtempSync(join(directory, "hold-"));
    expect(runShell(shell, script, [state]).toString()).toBe(then);
    // The file by which the log reports the hold is there only then.
    expect(readdirSync(state).includes("held")).toBe(then === "is held");
  });

  it.each([
    ["half of what is free", "/dev/x 100 20 64000 25% /mnt", 32_768_000],
    ["never so little that its reader could not confirm it", "/dev/x 100 99 1 99% /", 4 * MIB],
    ["a gibibyte when the free disk is not known", "", 1024 * MIB],
  ])("the limit is %s", (_, df, limit) => {
    const script = `${functions}
      df() { echo Filesystem 1024-blocks Used Available Capacity Mounted on; echo '${df}'; }
      fx_dir=$1; fx_limit_spool; echo "$fx_limit $((fx_segment * 16))"`;
    const state = mkdtempSync(join(directory, "limit-"));
    const pieces = Math.min(Math.floor(limit / 16) * 16, 128 * MIB);
    expect(runShell(shell, script, [state]).toString()).toBe(`${limit} ${pieces}\n`);
  });
});
