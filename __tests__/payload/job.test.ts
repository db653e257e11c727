import { randomBytes, randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { PARENT_DIRECTORIES } from "../../src/payload/container-source.ts";
import { quietTime } from "../helpers/quiet-time.ts";
import { SHELLS } from "../helpers/shells.ts";
import { everyNth } from "../helpers/every-nth.ts";
import { processesOf, watch, type WatchedRun } from "../helpers/watch.ts";

function leftovers(run: WatchedRun): string[] {
  const files = PARENT_DIRECTORIES.map((place) => `${place}/fargate-exec-${run.runId}`).filter((path) =>
    existsSync(path),
  );
  return [...processesOf(run.runId).map(String), ...files];
}

function exitCodes(run: WatchedRun): number[] | undefined {
  return run.status?.kind === "ended" ? run.status.workers.map(({ exitCode }) => exitCode) : undefined;
}

/** The most bytes of the job's output that came before it was certain that all of them had come. */
function mostAtOnce(events: WatchedRun["events"]): number {
  let [most, since] = [0, 0];
  for (const event of events) {
    if (event.kind === "text") since += event.bytes.length + 1;
    most = Math.max(most, since);
    if (event.kind === "confirmed") since = 0;
  }
  return most;
}

const programs = mkdtempSync(join(tmpdir(), "programs-"));
afterAll(() => rmSync(programs, { recursive: true }));

/** A PATH with all programs of this machine but bash. */
function pathWithoutBash(): string {
  for (const name of readdirSync("/usr/bin"))
    if (name !== "bash" && !existsSync(join(programs, name)))
      symlinkSync(join("/usr/bin", name), join(programs, name));
  return programs;
}

it("a script that ends all programs named 'sleep' does not end the time that the job has", async () => {
  const mark = `FX_${randomUUID().replaceAll("-", "_")}`;
  const script = `for each in /proc/[0-9]*; do
  if grep -qx sleep "$each/comm" && grep -q ${mark} "$each/environ"; then kill "\${each#/proc/}"; fi
done 2>/dev/null
sleep 0.5`;
  const run = await watch({ script, timeoutSeconds: 60, containerEnv: { [mark]: "1" } });
  expect(run.status).toMatchObject({ kind: "ended", reason: "exited", workers: [{ exitCode: 0 }] });
});

// For the payload, plain bash is the same as bash in its POSIX mode.
const shells = SHELLS.filter((shell) => shell !== "bash");

describe.each(everyNth(shells, 4))("a job under %s", (sh) => {
  it.concurrent("brings back every exit code", async () => {
    const codes = [0, 1, 3, 77, 126, 127, 128, 200, 255];
    const script = `shift "$FARGATE_EXEC_WORKER"; exit "$1"`;
    const run = await watch({ sh, script, args: codes.map(String), workers: codes.length });
    expect(exitCodes(run)).toEqual(codes);
  });

  it.concurrent("brings back 128 + s for a script that signal s killed", async () => {
    const script = `shift "$FARGATE_EXEC_WORKER"; kill -"$1" $$; sleep 5`;
    const run = await watch({ sh, script, args: ["KILL", "TERM", "INT"], workers: 3 });
    expect(exitCodes(run)).toEqual([137, 143, 130]);
  });

  it.concurrent("tells standard output and standard error apart", async () => {
    const run = await watch({ sh, script: "echo out; echo err >&2; echo out again" });
    expect(run.stdout.toString()).toBe("out\nout again\n");
    expect(run.stderr.toString()).toBe("err\n");
  });

  it.concurrent("passes every byte", async () => {
    const bytes = Buffer.from([...Array.from({ length: 256 }, (_, i) => i), ...Buffer.from("\ufffd\ufffd.")]);
    const run = await watch({
      sh,
      script: `printf '${[...bytes].map((b) => `\\${b.toString(8).padStart(3, "0")}`).join("")}'`,
    });
    expect(run.stdout.equals(bytes)).toBe(true);
  });

  it.concurrent.each([
    ["all of it", 0],
    ["a backlog", 1000],
  ])(
    "brings packed output over byte for byte, and no more of it at once than the runner has told: %s",
    async (_, packAbove) => {
      const bytes = randomBytes(300_000);
      const source = join(tmpdir(), `fargate-exec-test-${randomUUID()}`);
      writeFileSync(source, bytes);
      try {
        const run = await watch({ sh, packAbove, part: 65_536, script: `cat ${source}; echo last >&2` });
        expect(run.stdout.equals(bytes)).toBe(true);
        expect(mostAtOnce(run.events)).toBeLessThan(2 * 65_536);
        expect(run.stderr.toString()).toBe("last\n");
        expect(run.status).toMatchObject({ kind: "ended" });
      } finally {
        rmSync(source);
      }
    },
  );

  it.concurrent("keeps output without a final newline as it is", async () => {
    const run = await watch({ sh, script: "echo one; printf two" });
    expect(run.stdout.toString()).toBe("one\ntwo");
  });

  it.concurrent("leaves nothing behind once its status has been taken", async () => {
    const run = await watch({ sh, script: "echo done", workers: 3 });
    expect(leftovers(run)).toEqual([]);
  });

  it.concurrent("runs each worker with its own index and exit code, its lines whole and marked", async () => {
    const script = `printf 'I am '; sleep 0.2; echo "$FARGATE_EXEC_WORKER"; exit $((FARGATE_EXEC_WORKER * 2))`;
    const run = await watch({ sh, script, workers: 3 });
    expect(exitCodes(run)).toEqual([0, 2, 4]);
    const bySource = run.events.flatMap((e) => (e.kind === "text" ? [e] : []));
    for (const worker of [0, 1, 2]) {
      const own = bySource
        .filter(({ source }) => source === `o${worker}`)
        .map(({ bytes }) => bytes.toString());
      const whole = bySource.filter(({ source }) => source === "").map(({ bytes }) => bytes.toString());
      expect([own.join(""), ...whole]).toContain(`[${worker}] I am ${worker}`);
    }
  });

  it.concurrent(
    "gives the script its environment, arguments and working directory, and no standard input",
    async () => {
      const value = `it's "quoted" $HOME \\ and\ntwo lines`;
      const script = `printf '<%s>' "$VALUE" "$SECRET" "$PWD" "$@"; cat; printf .; env | grep -c '^fx_' || :`;
      const run = await watch({
        sh,
        script,
        env: { VALUE: value },
        secrets: { SECRET: "a b" },
        args: ["one two", "$3", "'"],
        workingDirectory: "/usr",
      });
      expect(run.stdout.toString()).toBe(`<${value}><a b></usr><one two><$3><'>.0\n`);
    },
  );

  it.concurrent(
    "adds no locale to a container that has none, and starts the script with no signal ignored",
    async () => {
      const script = `printf '<%s>' "\${LC_CTYPE-none}" "\${LC_ALL-none}" "\${LANG-none}"; grep ^SigIgn /proc/self/status`;
      const run = await watch({ sh, script });
      expect(run.stdout.toString()).toBe("<none><none><none>SigIgn:\t0000000000000000\n");
    },
  );

  it.concurrent("replaces secrets before they reach the terminal", async () => {
    const secret = "p@ss'w\"ord\\with$everything*";
    const script = `set -x; echo "$SECRET"; echo "$SECRET" >&2; echo "x\${SECRET}y"; printf %s "$LINES2"`;
    const run = await watch({ sh, script, secrets: { SECRET: secret, LINES2: "first line\nsecond line" } });
    expect(run.terminal.includes(secret)).toBe(false);
    expect(run.terminal.includes("second line")).toBe(false);
    expect(run.stdout.toString()).toBe("***\nx***y\n***\n***");
  });

  it.concurrent("stops the whole job at its timeout, traps included", async () => {
    const script = `trap 'echo cleaning; exit 9' TERM; sleep 60 & wait`;
    const run = await watch({ sh, script, timeoutSeconds: 1 });
    expect(run.status).toMatchObject({ reason: "timed-out", workers: [{ exitCode: 9, stopped: true }] });
    expect(run.stdout.toString()).toBe("cleaning\n");
    expect(leftovers(run)).toEqual([]);
  });

  it.concurrent("stops the job when it is cancelled", async () => {
    const run = await watch({
      sh,
      script: "echo begun; sleep 60; echo never",
      onEvent: (event, cancel) => {
        if (event.kind === "text") cancel();
      },
    });
    expect(run.status).toMatchObject({ reason: "cancelled", workers: [{ exitCode: 143, stopped: true }] });
    expect(run.stdout.toString()).toBe("begun\n");
  });

  it.concurrent("gives a cancelled job that ignores TERM three seconds until KILL, not ten", async () => {
    let [cancelled, quietly] = [Infinity, Infinity];
    const run = await watch({
      sh,
      script: "trap '' TERM; echo begun; sleep 60 & sleep 60; sleep 60",
      onEvent: (event, cancel) => {
        if (event.kind !== "text" || cancelled < Infinity) return;
        [cancelled, quietly] = [Date.now(), quietTime()];
        cancel();
      },
    });
    const [took, tookQuietly] = [Date.now() - cancelled, quietTime() - quietly];
    expect(run.status).toMatchObject({ reason: "cancelled", workers: [{ exitCode: 137, stopped: true }] });
    expect(took).toBeGreaterThan(2_900);
    expect(tookQuietly).toBeLessThan(9_900);
    expect(leftovers(run)).toEqual([]);
  });

  it.concurrent("kills a job that is cancelled after its timeout as soon as any cancelled job", async () => {
    let cancelledAt = Infinity;
    const run = await watch({
      sh,
      script: "trap 'echo told' TERM; while :; do sleep 0.1 || :; done",
      timeoutSeconds: 1,
      onEvent: (event, cancel) => {
        if (event.kind !== "text" || cancelledAt < Infinity) return;
        cancelledAt = quietTime();
        cancel();
      },
    });
    expect(quietTime() - cancelledAt).toBeLessThan(9_000);
    expect(run.status).toMatchObject({ reason: "timed-out", workers: [{ exitCode: 137, stopped: true }] });
  });

  it.concurrent("leaves nothing of workers that were cancelled before they began", async () => {
    const run = await watch({
      sh,
      workers: 24,
      script: "echo begun; sleep 60",
      onEvent: (event, cancel) => {
        if (event.kind === "text") cancel();
      },
    });
    expect(exitCodes(run)).toEqual(Array.from({ length: 24 }, () => 143));
    expect(leftovers(run)).toEqual([]);
  });

  it.concurrent("does not wait for a daemon, and lets it live", async () => {
    const script = `nohup sh -c 'while :; do echo tick; sleep 0.1; done' & echo "$!" ; exec true`;
    const run = await watch({ sh, script });
    const daemon = Number(
      run.stdout
        .toString()
        .split("\n")
        .find((line) => /^\d+$/.test(line)),
    );
    expect(exitCodes(run)).toEqual([0]);
    try {
      // It still writes after the step. That would end it if its pipe had no reader.
      await sleep(500);
      expect(existsSync(`/proc/${daemon}`)).toBe(true);
    } finally {
      process.kill(daemon);
    }
  });

  it.concurrent("shows marks that a script prints as the text that they are", async () => {
    const forged = "\\033]7733;0123;. 0 exited 0=0:0\\007\\033]7733;e\\007text\\033]7733;+\\007\\n";
    const run = await watch({ sh, script: `printf '${forged}'; exit 4` });
    expect(run.stdout.toString()).toBe(
      "\x1b]7733;0123;. 0 exited 0=0:0\x07\x1b]7733;e\x07text\x1b]7733;+\x07\n",
    );
    expect(exitCodes(run)).toEqual([4]);
  });
});

const notesOf = ({ events }: WatchedRun): readonly string[] =>
  events.flatMap((event) => (event.kind === "note" ? [event.text] : []));

it.concurrent("shows a note whose writer is slower than the attacher", async () => {
  const script = `
    for dir in ${PARENT_DIRECTORIES.map((place) => `${place}/fargate-exec-$FARGATE_EXEC_RUN`).join(" ")}; do
      [ ! -d "$dir" ] || exec 9>>"$dir/notes"
    done
    echo output wakes the attacher; sleep 0.5; echo 'a late note' >&9; sleep 0.3`;
  expect(notesOf(await watch({ script }))).toContain("a late note");
});

it.each([
  ["has bash", () => "/usr/bin:/bin", true],
  ["has no bash", pathWithoutBash, undefined],
])("a job tells with each exit code that the image %s", async (_, path, hasBash) => {
  const script = 'exit "$FARGATE_EXEC_WORKER"';
  const { status } = await watch({ sh: "dash", script, workers: 2, containerEnv: { PATH: path() } });
  const told = status?.kind === "ended" ? status.workers.map((worker) => worker.hasBash) : status;
  expect(told).toEqual([hasBash, hasBash]);
});
