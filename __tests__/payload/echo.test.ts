import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { asRoot } from "../../local/task/isolate.ts";
import { withNeed } from "../helpers/needs.ts";
import { SHELLS } from "../helpers/shells.ts";
import { findProgram, withoutPython } from "../helpers/tools.ts";
import { turnOf } from "../helpers/turns.ts";
import { until } from "../helpers/until.ts";
import { WatchedJob, type WatchOptions } from "../helpers/watch.ts";
import { openLogPipe } from "./log-pipe.ts";

const NOBODY = 65_534;
const asOthers = withNeed(it, "root", asRoot ? undefined : "only root can give a pipe to another user");
const directory = mkdtempSync(join(tmpdir(), "echo-"));
const jobs: WatchedJob[] = [];
const LEFT_OUT = /\[fargate-exec: (\d+) bytes of output are left out here\]\n/;
/** Milliseconds for a test whose job waits for the log at its end. */
const PATIENCE = 60_000;

afterAll(() => {
  for (const job of jobs) job.remove();
  rmSync(directory, { recursive: true });
});

const AWKS = ["mawk", "busybox", "gawk"].filter((awk) => findProgram(awk) !== "");
const IMAGES = SHELLS.filter((sh) => sh !== "bash --posix").map(
  (sh, at) => [sh, AWKS[at % AWKS.length] ?? "awk"] as const,
);

/** The path of a file that a script waits for until the test makes it. */
const aFlag = (): string => join(mkdtempSync(join(directory, "flag-")), "go");
const waitFor = (flag: string): string => `until [ -e '${flag}' ]; do sleep 0.1; done`;

const notesOf = (job: WatchedJob): string =>
  job.events.flatMap((event) => (event.kind === "note" ? [event.text] : [])).join("\n");

describe.each(turnOf(IMAGES, 2))(
  "without python3, under %s with the awk of %s, the copy for the container's log",
  (sh, awk) => {
    function aJob(script: string, log: string, more: Partial<WatchOptions> = {}): WatchedJob {
      const containerEnv = { PATH: withoutPython(awk, directory) };
      const job = new WatchedJob({ sh, containerEnv, script, log, logToContainer: true, ...more });
      jobs.push(job);
      return job;
    }

    it.concurrent(
      "has what the job printed, each line once and in order, without secrets and marks",
      async () => {
        const pipe = openLogPipe();
        const [first, second] = [aFlag(), aFlag()];
        // Each stream has its own recorder. So the script writes to the other stream once the log has what came before.
        const script = `
      i=0; while [ $i -lt 500 ]; do i=$((i + 1)); echo "$i $KEY"; done
      printf 'be'; sleep 0.3; printf '\\033]7733;?\\007gun \\033]7733;+\\007\\357\\277\\275\\n'; ${waitFor(first)}
      echo problem >&2; echo a=b >>"$GITHUB_OUTPUT"; ${waitFor(second)}; printf 'no end'; exit 3`;
        const job = aJob(script, pipe.path, { secrets: { KEY: "hunter22" } });
        const terminal = job.attach();
        await until(() => pipe.text().endsWith("\ufffd\n"));
        writeFileSync(first, "");
        await until(() => pipe.text().endsWith("problem\n"));
        writeFileSync(second, "");
        await terminal.closed;
        const numbers = Array.from({ length: 500 }, (_, at) => `${at + 1} ***\n`).join("");
        expect(pipe.text()).toBe(`${numbers}be\x1b]7733;?\x07gun \x1b]7733;+\x07\ufffd\nproblem\nno end`);
        expect(job.status).toMatchObject({ reason: "exited", workers: [{ exitCode: 3 }] });
        expect(notesOf(job)).not.toContain("container's log");
        pipe.close();
      },
    );

    it.concurrent(
      "never holds the job up: at the job's end a full pipe gets one second, and a note says that the rest is missing",
      async () => {
        const pipe = openLogPipe();
        const lines = Array.from({ length: 20_000 }, (_, at) => `${at + 1}\n`).join("");
        const job = aJob("i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); echo $i; done; exit 4", pipe.path);
        await job.attach().closed;
        expect(job.output("stdout").toString()).toBe(lines);
        expect(job.status).toMatchObject({ reason: "exited", workers: [{ exitCode: 4 }] });
        expect(notesOf(job)).toContain("The last of the output is not in the container's log");
        expect(job.processes).toEqual([]);
        const copy = pipe.text();
        expect(lines.startsWith(copy)).toBe(true);
        expect(copy.length).toBeGreaterThan(10_000);
        pipe.close();
      },
      PATIENCE,
    );

    it.concurrent(
      "says how much is left out when the runner reads faster than the container's log",
      async () => {
        const pipe = openLogPipe();
        const go = aFlag();
        const script = `seq 250000; echo all; ${waitFor(go)}; echo last`;
        const job = aJob(script, pipe.path, { spoolLimit: 2 * 1024 * 1024 });
        const terminal = job.attach();
        // What is confirmed is removed, a mebibyte at a time.
        await until(
          () => job.output("stdout").includes("all\n") && !existsSync(`${job.directory ?? ""}/out.0`),
        );
        await until(() => pipe.text().endsWith("all\n"));
        writeFileSync(go, "");
        await terminal.closed;
        const all = job.output("stdout").toString();
        const copy = pipe.text();
        const parts = copy.split(LEFT_OUT).filter((_, at) => at % 2 === 0);
        expect(parts.length).toBeGreaterThan(1);
        const places = parts.reduce<number[]>((at, part) => [...at, all.indexOf(part, at.at(-1))], []);
        expect(places).not.toContain(-1);
        expect(parts.at(-1)).toMatch(/\nall\nlast\n$/);
        for (const [at, [, bytes]] of [...copy.matchAll(new RegExp(LEFT_OUT, "g"))].entries()) {
          const gap = (places[at + 1] ?? NaN) - (places[at] ?? NaN) - (parts[at]?.length ?? NaN);
          // Marks in the spool are counted, too, and a line that was removed in part is left out whole.
          expect(Math.abs(gap - Number(bytes))).toBeLessThan(gap / 1000 + 2 * "250000\n".length);
        }
        pipe.close();
      },
      PATIENCE,
    );

    it.concurrent(
      "is not made when standard output is a file, since another user may have redirected it there",
      async () => {
        const path = join(mkdtempSync(join(directory, "file-")), "stdout");
        writeFileSync(path, "as it was\n");
        const job = aJob("echo hello; sleep 0.3", path);
        await job.attach().closed;
        expect(job.output("stdout").toString()).toBe("hello\n");
        expect(notesOf(job)).toContain(
          "The output is not copied to the container's log: the standard output of PID 1 is no pipe of the container runtime.",
        );
        expect(readFileSync(path, "utf8")).toBe("as it was\n");
      },
    );
  },
);

describe("a pipe of another user in the place of the container's log", () => {
  asOthers.each(["with", "without"])("gets nothing from an image %s python3", async (how) => {
    const pipe = openLogPipe();
    chownSync(dirname(pipe.path), NOBODY, NOBODY);
    chownSync(pipe.path, NOBODY, NOBODY);
    const containerEnv = how === "with" ? {} : { PATH: withoutPython(AWKS[0] ?? "awk", directory) };
    const job = new WatchedJob({ containerEnv, script: "echo hello", log: pipe.path, logToContainer: true });
    jobs.push(job);
    await job.attach().closed;
    expect(job.output("stdout").toString()).toBe("hello\n");
    expect(notesOf(job)).toContain("the standard output of PID 1 is no pipe of the container runtime");
    expect(pipe.text()).toBe("");
    pipe.close();
  });
});
