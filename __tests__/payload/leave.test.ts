import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DETACH } from "../../src/payload/input.ts";
import { asRoot } from "../../local/task/isolate.ts";
import { withNeed } from "../helpers/needs.ts";
import { SharedContainer } from "../helpers/shared-container.ts";
import { everyNth } from "../helpers/every-nth.ts";
import { until } from "../helpers/until.ts";
import { WatchedJob, type WatchedTerminal, type WatchOptions } from "../helpers/watch.ts";
import { AWAY } from "../../src/carriers/pieces/orders.ts";
import { EACH, LEFT, PATIENCE, removeAll, UploadedJob } from "./upload-rig.ts";

afterAll(removeAll);
const asOthers = withNeed(it, "root", asRoot ? undefined : "only root has containers of its own");
const BOTH = EACH.map(({ way, sh, options }) => ({ way, sh: sh.split(" ")[0] ?? "", options }));

/** The processes of a container that have ended and that nothing has reaped. */
function zombies(container: SharedContainer): string[] {
  container.run("cat /proc/[0-9]*/stat 2>/dev/null | grep ') Z ' | cut -d ' ' -f 1-4 >/tmp/zombies || :");
  return container.read("/tmp/zombies").split("\n").filter(Boolean);
}

/** The command lines of the container's processes that belong to a job. */
function commands(container: SharedContainer): string[] {
  container.run("for f in /proc/[0-9]*/cmdline; do tr '\\0' ' ' <$f; echo; done 2>/dev/null >/tmp/commands");
  return container
    .read("/tmp/commands")
    .split("\n")
    .filter(
      (line) =>
        line.includes("fargate-exec") ||
        line.startsWith("sleep 0") ||
        line.includes("curl") ||
        line.startsWith("sleep 1000"),
    );
}

/** Starts a job. Its reader releases the session once S3 is proven. The job prints more, and ends, when /tmp/go is there. */
async function leaveJob(
  container: SharedContainer,
  options: (typeof BOTH)[number]["options"],
  numbers: number,
): Promise<{ uploaded: UploadedJob; terminal: WatchedTerminal }> {
  const uploaded = await UploadedJob.make({
    script: `seq 1000; until [ -e /tmp/go ]; do sleep 0.1; done; seq ${numbers}; exit 3`,
    within: container,
    ...options(container),
    sh: "/bin/sh",
  });
  const terminal = await uploaded.follow();
  await until(() => uploaded.pieces.length > 0);
  terminal.type(LEFT);
  return { uploaded, terminal };
}

asOthers.concurrent.each(everyNth(BOTH, 8))(
  "the session ends once its reader leaves, and with an init nothing is left of the job, by $way with $sh",
  async ({ sh, options }) => {
    const container = await SharedContainer.start(sh, [], undefined, { reaping: true });
    try {
      const { uploaded, terminal } = await leaveJob(container, options, 1_000);
      await terminal.closed;
      container.run(": >/tmp/go");
      expect(terminal.events.some(({ kind }) => kind === "status")).toBe(false);
      expect(uploaded.job.directory).toBeDefined();
      await uploaded.ended();
      expect(uploaded.spool().equals(uploaded.kept)).toBe(true);
      await uploaded.take();
      await until(() => zombies(container).length === 0 && commands(container).length === 0);
    } finally {
      await container.stop();
    }
  },
  PATIENCE,
);

asOthers.concurrent.each(everyNth(BOTH, 8, 5))(
  "when PID 1 reaps nothing the session stays, says why, sends no output, and ends early if it has to, by $way with $sh",
  async ({ sh, options }) => {
    const container = await SharedContainer.start(sh);
    try {
      for (const givesWay of [false, true]) {
        const { uploaded, terminal } = await leaveJob(container, options, 20_000);
        await until(
          () =>
            terminal.events.some(
              (event) => event.kind === "note" && event.text.includes("initProcessEnabled"),
            ),
          () => JSON.stringify(terminal.events),
        );
        const shown = terminal.shown.length;
        if (givesWay) {
          terminal.type(AWAY);
          await terminal.closed;
        }
        container.run(": >/tmp/go");
        await uploaded.ended();
        expect(uploaded.spool().equals(uploaded.kept)).toBe(true);
        expect(terminal.shown.length - shown).toBeLessThan(500);
        expect(terminal.isClosed).toBe(givesWay);
        await uploaded.take();
        await terminal.closed;
        container.run("rm /tmp/go");
        // One process tries PID 1, once for all jobs. The second one is the job for which its session did not wait.
        await until(() => zombies(container).length === (givesWay ? 2 : 1));
      }
      await until(() => commands(container).length === 0);
    } finally {
      await container.stop();
    }
  },
  PATIENCE,
);

asOthers.concurrent.each(everyNth(BOTH, 8, 2))(
  "a script whose job and uploader were killed is ended by the session that stays, by $way with $sh",
  async ({ sh, options }) => {
    const container = await SharedContainer.start(sh);
    try {
      const { uploaded, terminal } = await leaveJob(container, options, 1_000);
      await until(() => JSON.stringify(terminal.events).includes("initProcessEnabled"));
      const pidIn = (name: string): string =>
        readFileSync(join(uploaded.job.directory ?? "", name), "utf8").split(":")[0] ?? "";
      const script = pidIn("0.pid");
      const isRunning = (): boolean => {
        container.run(`grep -v ') Z ' /proc/${script}/stat >/tmp/state 2>/dev/null || :`);
        return container.read("/tmp/state") !== "";
      };
      expect(isRunning()).toBe(true);
      for (const name of ["uploader", "pid"]) container.run(`kill -KILL ${pidIn(name)}`);
      await until(() => !isRunning());
      expect(terminal.isClosed).toBe(false);
      terminal.type(AWAY);
      await terminal.closed;
    } finally {
      await container.stop();
    }
  },
  PATIENCE,
);

asOthers.concurrent.each(everyNth(BOTH, 3))(
  "nothing is left of a job whose directory was removed while it starts, or while it runs, by $way with $sh",
  async ({ sh, way, options }) => {
    const container = await SharedContainer.start(sh);
    try {
      const { PATH } = options(container).containerEnv;
      const own = way === "python3" ? "/run/held" : PATH;
      // What the start of a recorder waits for takes for ever.
      const [program, held] = way === "python3" ? ["python3", "recorder.py"] : ["mkfifo", "joined"];
      const wrapper = `#!/bin/dash\ncase "$*" in */${held}*) : >/tmp/held; exec sleep 1000 ;; esac\nexec /usr/bin/${program} "$@"\n`;
      container.run(`mkdir -p ${own} && rm -f ${own}/${program}`);
      for (const when of ["starts", "runs"]) {
        if (when === "starts") writeFileSync(`${container.root}${own}/${program}`, wrapper, { mode: 0o755 });
        else container.run(`ln -sf /usr/bin/${program} ${own}/${program}`);
        const job = new WatchedJob({
          script: "trap '' TERM; : >/tmp/held; exec sleep 1000",
          ...{ within: container, sh: "/bin/sh" },
          containerEnv: { PATH: way === "python3" ? `${own}:${PATH}` : PATH },
        });
        const terminal = job.attach();
        await until(() => existsSync(`${container.root}/tmp/held`));
        await job.has("pid");
        rmSync(job.directory ?? "", { recursive: true, maxRetries: 50, retryDelay: 5 });
        await terminal.closed;
        expect(zombies(container)).toEqual([]);
        expect(commands(container)).toEqual([]);
        container.run("rm /tmp/held");
      }
    } finally {
      await container.stop();
    }
  },
  PATIENCE,
);

describe("a paused agent would not see the end of an attacher, which therefore ends its session", () => {
  /** Runs a job below a process like the agent's. Returns how that has ended. */
  async function endOfAgent(
    script: string,
    act: (job: WatchedJob, terminal: WatchedTerminal) => void | Promise<void>,
    options: Pick<WatchOptions, "take"> = {},
  ): Promise<string> {
    const directory = mkdtempSync(join(tmpdir(), "agent-"));
    const [worker, ended] = [join(directory, "ssm-session-worker"), join(directory, "ended")];
    copyFileSync("/bin/dash", worker);
    const agent = `trap 'echo by TERM >${ended}; exit' TERM; exec 3<&0; "$@" <&3 & wait; echo with its command >${ended}`;
    const job = new WatchedJob({
      ...{ script, detaches: true, ...options },
      within: { enter: [worker, "-c", agent, "agent"], root: "" },
    });
    try {
      const terminal = job.attach();
      await act(job, terminal);
      await terminal.closed;
      return readFileSync(ended, "utf8").trim();
    } finally {
      job.remove();
      rmSync(directory, { recursive: true, force: true });
    }
  }

  it.concurrent("when its reader has detached", async () => {
    const end = await endOfAgent("sleep 30", async (job, terminal) => {
      await until(() => job.events.some(({ kind }) => kind === "attached"));
      terminal.type(DETACH);
    });
    expect(end).toBe("by TERM");
  });

  it.concurrent(
    "when its reader has taken the end from S3, and its word to the attacher was lost",
    async () => {
      expect(await endOfAgent("echo done", () => undefined, { take: "by S3" })).toBe("by TERM");
    },
  );

  it.concurrent("unless its reader has taken the end from it", async () => {
    expect(await endOfAgent("echo done", () => undefined)).toBe("with its command");
  });

  it.concurrent("when the directory was removed before the end was taken", async () => {
    const end = await endOfAgent("echo begun; sleep 1", async (job) => {
      await until(() => job.output("stdout").toString() === "begun\n");
      // The job writes there meanwhile.
      rmSync(job.directory ?? "", { recursive: true, maxRetries: 50, retryDelay: 5 });
    });
    expect(end).toBe("by TERM");
  });
});
