import { setTimeout as sleep } from "node:timers/promises";
import { here } from "../../src/payload/input.ts";
import { shareOf, SHELLS } from "../helpers/shells.ts";
import { until } from "../helpers/until.ts";
import { WatchedJob } from "../helpers/watch.ts";

/** Prints a line when it has begun, and another one when it has ended by itself. */
const SCRIPT = 'trap "exit 143" TERM; echo begun; for i in 1 2 3 4 5 6 7 8; do sleep 1; done; echo ended';

const jobs: WatchedJob[] = [];
afterAll(() => jobs.forEach((job) => job.remove()));

function startLocked(sh: string, silenceSeconds: number, script = SCRIPT): WatchedJob {
  const job = new WatchedJob({ sh, hasFence: true, silenceSeconds, script, confirm: false });
  jobs.push(job);
  return job;
}

/** Attaches again and again until the end is known: a session without a reader ends at the same age of the beat. */
async function untilEnded(job: WatchedJob): Promise<void> {
  for (let sessions = 0; job.status === undefined && sessions < 5; sessions += 1) await job.attach().closed;
}

type Case = "silent" | "silent, with a script that ignores TERM" | "heard" | "late";

const CASES: readonly Case[] = ["silent", "silent, with a script that ignores TERM", "heard", "late"];

const tests: Readonly<Record<Case, (sh: string) => Promise<void>>> = {
  silent: async (sh) => {
    const job = startLocked(sh, 4);
    await untilEnded(job);
    expect(job.status).toEqual({ kind: "fenced" });
    expect(job.output("stdout").toString()).toBe("begun\n");
  },

  "silent, with a script that ignores TERM": async (sh) => {
    const job = startLocked(sh, 4, "trap '' TERM; echo begun; sleep 600; echo ended");
    await untilEnded(job);
    expect(job.status).toEqual({ kind: "fenced" });
    expect(job.output("stdout").toString()).toBe("begun\n");
  },

  heard: async (sh) => {
    const job = startLocked(sh, 4);
    const terminal = job.attach();
    await terminal.says("attached");
    const typing = setInterval(() => terminal.type(here(0)), 500);
    await terminal.closed;
    clearInterval(typing);
    expect(job.status).toMatchObject({ kind: "ended", reason: "exited", workers: [{ exitCode: 0 }] });
  },

  // The runner was paused before it typed its first line.
  late: async (sh) => {
    const job = startLocked(sh, 2);
    const held: Buffer[] = [];
    const terminal = job.attach(0, (what, bytes) => {
      if (what !== "delivery" && what !== "start") return bytes;
      held.push(bytes);
      return Buffer.alloc(0);
    });
    await until(() => held.length > 0);
    // Longer than the two seconds of the fence.
    await sleep(2_500);
    for (const bytes of held) terminal.type(bytes);
    await terminal.closed;
    await untilEnded(job);
    expect([job.status, job.output("stdout").toString()]).toEqual([{ kind: "fenced" }, ""]);
  },
};

describe.each(SHELLS)("under %s", (sh) => {
  it.concurrent.each(shareOf(sh, SHELLS, CASES))(
    "a job under a lock, whose runner is %s, runs only while the container hears the runner",
    async (which) => tests[which](sh),
    60_000,
  );
});
