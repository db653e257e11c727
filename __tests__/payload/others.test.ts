import { here } from "../../src/payload/input.ts";
import { asRoot } from "../../local/task/isolate.ts";
import { withNeed } from "../helpers/needs.ts";
import { SharedContainer } from "../helpers/shared-container.ts";
import { CONTAINER_SHELLS } from "../helpers/shells.ts";
import { everyNth } from "../helpers/every-nth.ts";
import { until } from "../helpers/until.ts";
import { WatchedJob } from "../helpers/watch.ts";

const asOthers = withNeed(it, "root", asRoot ? undefined : "only root can own a directory for another user");
const EACH = everyNth(CONTAINER_SHELLS, 4, 2);
const DIRECTORY = "/tmp/fargate-exec-0123456789ab";

/** A beat so many seconds ago (beat.sh). */
const beatAgo = (seconds: number): string => `$(($(cut -d . -f 1 /proc/uptime) - ${seconds}))`;

/** What is said of another run's job whose reader gives no sign. */
const UNHEARD =
  /A job of \S+ runs in this container, begun at \S+ UTC\. Waiting for a sign of its runner, 30 s at most/;

/** Makes the directory of a job of another run, with these files; `setUp` runs in it. */
function plantJob(container: SharedContainer, files: Readonly<Record<string, string>>, setUp = ""): void {
  container.run(
    [
      `mkdir -m 700 ${DIRECTORY}; cd ${DIRECTORY}`,
      `printf '%s\\n' https://example.com/run 00:00:00 >about`,
      ...Object.entries(files).map(([name, content]) => `echo ${content} >${name}`),
      setUp,
    ].join("\n"),
  );
}

/** Starts a process of root's in the container, and returns its name: its number and its start time. */
function startVictim(container: SharedContainer): string {
  container.run(
    "setsid sleep 600 </dev/null >/dev/null 2>&1 & " +
      'until read -r _ program _ <"/proc/$!/stat" && [ "$program" = \'(sleep)\' ]; do :; done; ' +
      'echo "$!:$(cut -d " " -f 22 "/proc/$!/stat")" >/tmp/name',
  );
  return container.read("/tmp/name").trim();
}

/** Whether the process still runs. One that was killed is a zombie, since PID 1 of this container reaps nothing. */
const isAlive = (container: SharedContainer, name: string): boolean =>
  /^\d+ \(sleep\) S /.test(container.read(`/proc/${name.split(":")[0] ?? ""}/stat`));

asOthers.concurrent.each(
  EACH.flatMap((sh) =>
    [
      ["of another user", `chown -R 1000:1000 ${DIRECTORY}`],
      ["of root to which every user may write", `chmod 777 ${DIRECTORY}`],
      ["of root that others may replace", "chmod 777 /tmp"],
    ].map(([whose = "", setUp = ""]) => ({ sh, whose, setUp })),
  ),
)(
  "a directory $whose counts as no job: it is not waited for, and no process that it names gets a signal, under $sh",
  async ({ sh, setUp }) => {
    const container = await SharedContainer.start(sh);
    try {
      const victims = { attacher: startVictim(container), pid: startVictim(container) };
      plantJob(container, { ...victims, beat: "0" }, setUp);
      const job = new WatchedJob({ within: container, sh: "/bin/sh", waitSeconds: 3, script: "exit 3" });
      await job.attach().closed;
      expect(Object.values(victims).map((name) => isAlive(container, name))).toEqual([true, true]);
      expect(job.status).toMatchObject({ kind: "ended", workers: [{ exitCode: 3 }] });
    } finally {
      await container.stop();
    }
  },
);

asOthers.concurrent.each(
  EACH.flatMap((sh) =>
    [
      ["is ended before another job begins, though nothing else is left of its job", "", false],
      ["is left alone when its directory is of another user", `chown -R 1000:1000 ${DIRECTORY}`, true],
    ].map(([what = "", setUp = "", lives = false]) => ({ sh, what, setUp: String(setUp), lives })),
  ),
)("the script of a job that was killed $what, under $sh", async ({ sh, setUp, lives }) => {
  const container = await SharedContainer.start(sh);
  try {
    const victims = { "0.pid": startVictim(container), pid: startVictim(container) };
    plantJob(container, victims, `kill -KILL ${victims.pid.split(":")[0] ?? ""}; ${setUp}`);
    const job = new WatchedJob({ within: container, sh: "/bin/sh", waitSeconds: 3, script: "exit 3" });
    await job.attach().closed;
    expect(isAlive(container, victims["0.pid"])).toBe(lives);
    expect(job.status).toMatchObject({ kind: "ended", workers: [{ exitCode: 3 }] });
  } finally {
    await container.stop();
  }
});

asOthers.concurrent.each(EACH)(
  "a job whose reader gave its last sign 30 s ago is waited for to its end, under %s",
  async (sh) => {
    const container = await SharedContainer.start(sh);
    try {
      const victims = { attacher: startVictim(container), pid: startVictim(container) };
      plantJob(container, { ...victims, beat: beatAgo(30) });
      const job = new WatchedJob({ within: container, sh: "/bin/sh", waitSeconds: 30, script: "exit 3" });
      const terminal = job.attach();
      // UNHEARD is not expected: on a busy machine the 40 s may be over before the first look.
      const lost =
        /A job of \S+ still runs in this container, .* and its runner is lost\. Waiting for its end, 30 s at most \('queue-timeout'\)/;
      await until(() => lost.test(terminal.shown.toString()));
      // Its session was ended, and the job goes on.
      expect(Object.values(victims).map((name) => isAlive(container, name))).toEqual([false, true]);
      container.run(`kill ${victims.pid.split(":")[0] ?? ""}`);
      await terminal.closed;
      expect(terminal.shown.toString()).toMatch(/The job of \S+ has ended/);
      expect(job.status).toMatchObject({ kind: "ended", workers: [{ exitCode: 3 }] });
    } finally {
      await container.stop();
    }
  },
);

asOthers.concurrent.each(EACH)(
  "the wait for such a job ends after its time, and leaves it alone, under %s",
  async (sh) => {
    const container = await SharedContainer.start(sh);
    try {
      const victims = { attacher: startVictim(container), pid: startVictim(container) };
      plantJob(container, { ...victims, beat: beatAgo(90) });
      const job = new WatchedJob({ within: container, sh: "/bin/sh", waitSeconds: 1, script: "exit 3" });
      const terminal = job.attach();
      await terminal.closed;
      expect(
        terminal.shown.toString().split("in use by a job of https://example.com/run since 00:00:00 UTC"),
      ).toHaveLength(2);
      expect(isAlive(container, victims.pid)).toBe(true);
      expect(job.status).toBeUndefined();
    } finally {
      await container.stop();
    }
  },
);

asOthers.concurrent.each(EACH.flatMap((sh) => ["beat", "beat.s3"].map((file) => ({ sh, file }))))(
  "once a job's reader gives a sign ($file) another job starts beside it, and leaves it alone, under $sh",
  async ({ sh, file }) => {
    const container = await SharedContainer.start(sh);
    try {
      const victims = { attacher: startVictim(container), pid: startVictim(container) };
      plantJob(container, { ...victims, beat: beatAgo(11) });
      const job = new WatchedJob({ within: container, sh: "/bin/sh", waitSeconds: 30, script: "exit 3" });
      const terminal = job.attach();
      await until(() => UNHEARD.test(terminal.shown.toString()));
      expect(job.status).toBeUndefined();
      container.run(`echo "${beatAgo(0)}" >${DIRECTORY}/${file}`);
      await terminal.closed;
      expect(terminal.shown.toString()).not.toContain("is lost");
      expect(Object.values(victims).map((name) => isAlive(container, name))).toEqual([true, true]);
      expect(job.status).toMatchObject({ kind: "ended", workers: [{ exitCode: 3 }] });
    } finally {
      await container.stop();
    }
  },
);

const WITHOUT_SESSION: readonly (readonly [which: string, files: Readonly<Record<string, string>>])[] = [
  ["whose reader follows it by S3", { "beat.s3": beatAgo(30) }],
  ["that a step has left running", { detached: "1" }],
];

asOthers.concurrent.each(
  EACH.flatMap((sh) => WITHOUT_SESSION.map(([which, files]) => ({ sh, which, files }))),
)(
  "beside a job without a session, $which, another one starts at once, and leaves it alone, under $sh",
  async ({ sh, files }) => {
    const container = await SharedContainer.start(sh);
    try {
      const victims = { uploader: startVictim(container), pid: startVictim(container) };
      plantJob(container, { ...victims, beat: "0", ...files });
      const job = new WatchedJob({ within: container, sh: "/bin/sh", waitSeconds: 30, script: "exit 3" });
      const terminal = job.attach();
      await terminal.closed;
      expect(terminal.shown.toString()).not.toMatch(UNHEARD);
      expect(terminal.shown.toString()).not.toContain("is lost");
      expect(Object.values(victims).map((name) => isAlive(container, name))).toEqual([true, true]);
      expect(job.status).toMatchObject({ kind: "ended", workers: [{ exitCode: 3 }] });
    } finally {
      await container.stop();
    }
  },
);

asOthers.concurrent.each(
  EACH.flatMap((sh) => [
    { sh, which: "lost", ago: 41, ended: true },
    { sh, which: "there", ago: 5, ended: false },
  ]),
)(
  "beside a job that has ended another one starts at once, and ends its session if its reader is $which: $ended, under $sh",
  async ({ sh, ago, ended }) => {
    const container = await SharedContainer.start(sh);
    try {
      const victims = { attacher: startVictim(container), pid: startVictim(container) };
      plantJob(container, { ...victims, status: "exited", beat: beatAgo(ago) });
      const job = new WatchedJob({ within: container, sh: "/bin/sh", waitSeconds: 30, script: "exit 3" });
      const terminal = job.attach();
      await terminal.closed;
      expect(terminal.shown.toString()).not.toMatch(UNHEARD);
      expect(Object.values(victims).map((name) => isAlive(container, name))).toEqual([!ended, true]);
      expect(job.status).toMatchObject({ kind: "ended", workers: [{ exitCode: 3 }] });
    } finally {
      await container.stop();
    }
  },
);

asOthers.concurrent.each(EACH)(
  "a job starts at once beside another one whose reader types its lines, under %s",
  async (sh) => {
    const container = await SharedContainer.start(sh);
    try {
      const within = {
        ...{ within: container, sh: "/bin/sh", waitSeconds: 30 },
        runUrl: "https://example.com/run",
      };
      const first = new WatchedJob({ ...within, script: "until [ -e /tmp/ran ]; do sleep 0.1; done" });
      const one = first.attach();
      await first.has("recording");
      const typing = setInterval(() => one.type(here(0)), 500);
      const second = new WatchedJob({ ...within, script: ": >/tmp/ran" });
      const two = second.attach();
      await Promise.all([one.closed, two.closed]);
      clearInterval(typing);
      expect(two.shown.toString()).not.toContain("of its runner");
      expect(two.shown.toString()).not.toContain("is lost");
      for (const { status } of [first, second])
        expect(status).toMatchObject({ kind: "ended", workers: [{ exitCode: 0 }] });
    } finally {
      await container.stop();
    }
  },
);
