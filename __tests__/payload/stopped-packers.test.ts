import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { asRoot } from "../../local/task/isolate.ts";
import { CANCEL } from "../../src/payload/input.ts";
import { everyNth } from "../helpers/every-nth.ts";
import { withNeed } from "../helpers/needs.ts";
import { quietTime } from "../helpers/quiet-time.ts";
import { findProgram, withoutPython } from "../helpers/tools.ts";
import { until } from "../helpers/until.ts";
import { processesOf, WatchedJob, type WatchOptions } from "../helpers/watch.ts";
import { bringBack } from "./bring-back.ts";

const asOthers = withNeed(it, "root", asRoot ? undefined : "only root can become another user");

let scratch: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "fx-stopped-"));
  chmodSync(scratch, 0o777);
  copyFileSync(fileURLToPath(new URL("../helpers/stopper.py", import.meta.url)), join(scratch, "stopper.py"));
});
afterEach(() => {
  for (const pid of processesOf(`${scratch}/stopper.py`)) process.kill(pid, "SIGKILL");
  rmSync(scratch, { recursive: true, force: true });
});

/** Shell that leaves a process which sends a signal to what has this word in its arguments, and waits until that process looks. */
function stopper(target: string, signal = "SIGSTOP"): string {
  const ready = join(scratch, "ready");
  return `setsid /usr/bin/python3 ${scratch}/stopper.py "$(printf %s "${target}" | rev)" ${ready} ${signal} </dev/null >/dev/null 2>&1 &
until [ -e ${ready} ]; do sleep 0.05; done`;
}

/** Waits until a process with this word in its arguments is stopped, and lets the stopper look no more. */
async function untilOneIsStopped(word: string): Promise<void> {
  await until(() => stopped(word));
  rmSync(join(scratch, "ready"), { force: true });
  await until(() => existsSync(join(scratch, "ready.over")));
}

/** The image has python3, or else these programs. */
function programs(kind: string): Partial<WatchOptions> {
  if (kind === "python3") return {};
  const path = withoutPython("mawk", scratch);
  for (const tool of ["find", "sort", "stat", "tar", "rmdir", "chown", "setpriv", "rev"]) {
    rmSync(join(path, tool), { force: true });
    symlinkSync(findProgram(tool), join(path, tool));
  }
  chmodSync(path, 0o755);
  return { containerEnv: { PATH: path } };
}

const CASES = [
  ["python3", undefined],
  ["python3", "nobody"],
  ["awk", undefined],
  ["awk", "nobody"],
] as const;

describe("a program that packs, stopped by what a script has left running, which holds its pipe,", () => {
  asOthers.each(everyNth(CASES, 4))(
    "keeps no job of items from its end: by %s, with the user %s",
    async (kind, user) => {
      const script = `
[ "$FARGATE_EXEC_ITEM" = a ] || exit 0
${stopper("$FARGATE_EXEC_ITEM_DIR")}
head -c 12000000 /dev/urandom >"$FARGATE_EXEC_ITEM_DIR/large"`;
      const job = new WatchedJob({ ...programs(kind), user, script, workers: 2, items: ["a", "b", "c"] });
      const facts = (): string[] =>
        job.events.flatMap((event) => (event.kind === "item-fact" ? [event.text] : []));
      let cancelledAt: number;
      try {
        const terminal = job.attach();
        await terminal.says("header");
        terminal.type(Buffer.from("items 1 give 0 1 2\n"));
        await until(() => facts().filter((fact) => /^end 1 [12] /.test(fact)).length === 2);
        await untilOneIsStopped(`${job.directory ?? "none"}/item.`);
        cancelledAt = quietTime();
        terminal.type(CANCEL);
        await terminal.closed;
      } finally {
        job.remove();
      }
      expect(quietTime() - cancelledAt).toBeLessThan(6_000);
      expect(job.status).toMatchObject({ reason: "cancelled" });
      expect(facts().filter((fact) => fact.startsWith("end 1 0 0 "))).toHaveLength(1);
      expect(
        facts()
          .filter((fact) => fact.startsWith("pack 1 0 "))
          .at(-1),
      ).toBe("pack 1 0 fcut");
    },
    60_000,
  );

  asOthers.each(everyNth(CASES, 4, 2))(
    "keeps no job with artifacts from its end: by %s, with the user %s",
    async (kind, user) => {
      const there = join(scratch, "there");
      mkdirSync(there);
      if (user !== undefined) chownSync(there, 65_534, 65_534);
      const script = `${stopper(there)}\nfor i in 1 2 3; do head -c 12000000 /dev/urandom >$i; done; echo ready`;
      let cancelledAt = 0;
      const options = { ...programs(kind), user, script, workingDirectory: there };
      const { job, report } = await bringBack("*", join(scratch, "back"), {
        ...options,
        onEvent: (event, cancel) => {
          if (event.kind !== "text") return;
          void untilOneIsStopped(there).then(() => {
            cancelledAt = quietTime();
            cancel();
          });
        },
      });
      expect(quietTime() - cancelledAt).toBeLessThan(6_000);
      expect(job.status).toMatchObject({ workers: [{ exitCode: 0 }] });
      expect(report?.problems).toEqual([
        expect.stringMatching(/^The artifacts did not come whole: the time for packing them was over\./),
      ]);
    },
    60_000,
  );
});

it.each(everyNth(["python3", "awk"], 2))(
  "a program that packs, killed while another process holds its pipe, keeps no further item from its begin: by %s",
  async (kind) => {
    const script = `[ "$FARGATE_EXEC_ITEM" = a ] || exit 0
${stopper("$FARGATE_EXEC_ITEM_DIR", "HOLD")}
head -c 12000000 /dev/urandom >"$FARGATE_EXEC_ITEM_DIR/large"`;
    const job = new WatchedJob({ ...programs(kind), script, items: ["a", "b"] });
    const facts = (): string[] =>
      job.events.flatMap((event) => (event.kind === "item-fact" ? [event.text] : []));
    try {
      const terminal = job.attach();
      await terminal.says("header");
      terminal.type(Buffer.from("items 1 give 0 1\nitems 2 end\n"));
      await until(() => facts().some((fact) => fact.startsWith("end 1 1 0 ")), undefined, 20_000);
      await terminal.closed;
    } finally {
      job.remove();
    }
    expect(facts()).toContain('pack 1 0 funread "" what packs them was killed');
    expect(job.status).toMatchObject({ reason: "exited" });
  },
  60_000,
);

it.each(everyNth(["python3", "awk"], 2, 1))(
  "a program that packs, killed before it has printed a word, is told of: by %s",
  async (kind) => {
    const script = `${stopper("$FARGATE_EXEC_ITEM_DIR", "SIGKILL")}
head -c 12000000 /dev/urandom >"$FARGATE_EXEC_ITEM_DIR/large"`;
    const job = new WatchedJob({ ...programs(kind), script, items: ["a"] });
    try {
      const terminal = job.attach();
      await terminal.says("header");
      terminal.type(Buffer.from("items 1 give 0\nitems 2 end\n"));
      await terminal.closed;
    } finally {
      job.remove();
    }
    const facts = job.events.flatMap((event) => (event.kind === "item-fact" ? [event.text] : []));
    expect(facts).toContain('pack 1 0 funread "" the program that packs them has printed nothing');
    expect(facts.at(-1)).toMatch(/^end 1 0 0 /);
  },
  60_000,
);

/** Whether a process with this word in its arguments is stopped. */
function stopped(word: string): boolean {
  return processesOf(word).some((pid) => /^State:\tT/m.test(readStatus(pid)));
}

function readStatus(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, "utf8");
  } catch {
    return ""; // gone meanwhile
  }
}
