import { SECRET, type Runner } from "../runner/runner.ts";
import type { Simulated } from "../simulate.ts";
import type { Objection, Rule } from "./rule.ts";
import { expectedLines, linesOf, runsOf, shownLines } from "./script-output.ts";

/** A cancelled main has ended by then; the runner kills it later. */
const CANCELLED_MS = 7_500;
/** What a step may need beside its own limits: `start-timeout`, and the ends of waits that are under way. */
const SLACK_MS = 25 * 60_000;
const LINGERING_MS = 180_000;
/** The most sessions that runs with a queue have in a container at once. */
const MOST_SESSIONS = 3;

/** Green only if every worker ended with 0. */
const green: Rule = {
  name: "green only for a script that succeeded",
  look(ended, check) {
    for (const runner of ended.runners) {
      if (runner.mainEnd?.exitCode !== 0) continue;
      const runs = runsOf(runner, ended);
      const workers = Number(runner.options.inputs["workers"] ?? 1);
      const codes = runs.map(({ exitCode }) => exitCode);
      check(
        runs.length === workers && codes.every((code) => code === 0),
        runner.name,
        () => `main ended with 0, and the scripts with ${codes.join(", ") || "nothing"}`,
      );
    }
  },
};

/** A known exit code is the true one: that of the first worker that failed. */
const exitCode: Rule = {
  name: "a known exit code is the true one",
  look(ended, check) {
    for (const runner of ended.runners) {
      const told = runner.outputs["exit-code"] ?? "";
      if (told === "") continue;
      const codes = [...runsOf(runner, ended)].sort((a, b) => a.worker - b.worker).map((run) => run.exitCode);
      const first = codes.find((code) => code !== 0) ?? codes[0];
      const { outcome } = runner.outputs;
      const isTrue =
        outcome === "timed-out"
          ? told === "124"
          : outcome === "cancelled"
            ? told === "130"
            : told === String(first);
      check(
        isTrue,
        runner.name,
        () => `exit-code is ${told} (${outcome ?? ""}), and the scripts ended with ${codes.join(", ")}`,
      );
    }
  },
};

/** The output is the script's: each line once, in order, and whole when the end is known. */
const output: Rule = {
  name: "the output is the script's, once and in order",
  look(ended, check) {
    for (const runner of ended.runners) {
      const runs = runsOf(runner, ended);
      const isWhole =
        (runner.outputs["exit-code"] ?? "") !== "" &&
        runner.mainEnd?.exitCode !== undefined &&
        runner.outputs["outcome"] !== "cancelled";
      for (const run of runs) {
        for (const stream of ["1", "2"] as const) {
          const [expected, shown] = [expectedLines(run, stream), shownLines(runner, run.worker, stream)];
          const wrong = shown.findIndex((line, at) =>
            at === shown.length - 1 && !isWhole
              ? expected[at]?.startsWith(line) !== true
              : expected[at] !== line,
          );
          check(wrong < 0 && (!isWhole || shown.length === expected.length), runner.name, () =>
            wrong < 0
              ? `shows ${shown.length} of ${expected.length} lines, though the end is known`
              : `line ${wrong} is '${clip(shown[wrong])}' and had to be '${clip(expected[wrong])}'`,
          );
        }
      }
    }
  },
};

/** The output `stdout` and the script's own outputs are whole when the step is green. */
const outputs: Rule = {
  name: "the outputs are the script's",
  look(ended, check) {
    for (const runner of ended.runners) {
      if (runner.mainEnd?.exitCode !== 0) continue;
      const [run, ...more] = runsOf(runner, ended);
      if (run === undefined || more.length > 0) continue;
      const told = linesOf(runner.outputs["stdout"] ?? "");
      const expected = expectedLines(run, "1");
      check(
        told.join("\n") === expected.join("\n"),
        runner.name,
        () => `stdout has ${told.length} lines, and the script printed ${expected.length}`,
      );
      for (const line of runner.script.lines) {
        if (!("output" in line)) continue;
        const [name = "", value = ""] = line.output.split("=");
        check(
          runner.outputs[name] === value,
          runner.name,
          () => `the output '${name}' is '${clip(runner.outputs[name])}'`,
        );
      }
    }
  },
};

const once: Rule = {
  name: "no script starts twice",
  look(ended, check) {
    for (const runner of ended.runners) {
      const workers = runsOf(runner, ended).map(({ worker }) => worker);
      if (workers.length > 0)
        check(
          new Set(workers).size === workers.length,
          runner.name,
          () => `started ${workers.length} times: workers ${workers.join(", ")}`,
        );
    }
  },
};

/** With a queue in a bucket the runs never block the agent. */
const seats: Rule = {
  name: "no session too many in a container",
  look(ended, check) {
    const { world, scenario } = ended;
    if (!scenario.world.bucket) return;
    for (const { agent, name } of world.containers) {
      const most = world.gateway.mostOfOurs.get(agent.target) ?? 0;
      if (most > 1) check(most <= MOST_SESSIONS, name, () => `${most} sessions of runs at once`);
    }
  },
};

const cancelled: Rule = {
  name: "a cancelled main ends in time",
  look(ended, check) {
    const { time } = ended.world.base;
    for (const { cancelledAt, isKilled, pausedMs, mainEnd, name } of ended.runners) {
      if (cancelledAt === undefined) continue;
      const took = (mainEnd?.at ?? time.now) - cancelledAt - pausedMs;
      check(
        took <= CANCELLED_MS || (isKilled && pausedMs > 0),
        name,
        () => `needed ${took} ms after the first signal`,
      );
    }
  },
};

const limits: Rule = {
  name: "a step ends within its limits",
  look(ended, check) {
    const { time } = ended.world.base;
    for (const runner of ended.runners) {
      if (!runner.hasBegun) continue;
      const [, number, unit] = /^(\d+)([sm])$/.exec(runner.options.inputs["timeout"] ?? "60m") ?? [];
      const timeout = Number(number) * (unit === "s" ? 1_000 : 60_000);
      const took = (runner.mainEnd?.at ?? time.now) - runner.beganAt;
      const most = 2 * timeout + SLACK_MS;
      check(
        runner.mainEnd !== undefined && took <= most,
        runner.name,
        () => `main took ${Math.round(took / 1000)} s`,
      );
      if (runner.mainEnd !== undefined && runner.options.post)
        check(runner.postEnd !== undefined, runner.name, () => "post has not ended");
    }
  },
};

/** Post never fails the job. */
const post: Rule = {
  name: "post never fails",
  look(ended, check) {
    for (const { postEnd, name } of ended.runners)
      if (postEnd !== undefined)
        check(postEnd.exitCode === 0, name, () => `post ended with ${String(postEnd.exitCode)}`);
  },
};

/** A session takes a place of the container, so it ends soon after its step: an attacher without a reader gives up after 90 s. */
const sessionsEnd: Rule = {
  name: "sessions end soon after their steps",
  look(ended, check) {
    for (const session of ended.world.gateway.sessions.values()) {
      const runner = ended.runners.find(({ name }) => name === session.owner);
      const over = Math.max(runner?.mainEnd?.at ?? Infinity, runner?.postEnd?.at ?? 0);
      if (over === Infinity || session.agent.isBlocked || session.agent.isDead) continue;
      const lasted = (session.ended ?? ended.world.base.time.now) - over;
      check(
        lasted <= LINGERING_MS,
        session.owner,
        () => `session ${session.id} went on for ${Math.round(lasted / 1000)} s after its step`,
      );
    }
  },
};

const leftSessions: Rule = {
  name: "no session is left",
  look(ended, check) {
    for (const session of ended.world.gateway.sessions.values())
      if (session.owner.startsWith("runner") && !session.agent.isBlocked)
        check(
          session.ended === undefined ? false : true,
          session.owner,
          () => `session ${session.id} is still open`,
        );
  },
};

const leftInContainer: Rule = {
  name: "nothing is left in a container",
  look(ended, check) {
    for (const container of ended.world.containers) {
      if (container.host.isDead) continue;
      for (const run of container.scripts)
        check(run.ended !== undefined, container.name, () => `a script of ${run.url} still runs`);
      const left = [...container.directories.keys()];
      if (container.scripts.length > 0)
        check(left.length === 0, container.name, () => `has job directories: ${left.join(", ")}`);
    }
  },
};

/** Nothing stays in the bucket, unless a machine was lost, or S3 was: then it is said, or the lifecycle of the bucket has it. */
const leftInBucket: Rule = {
  name: "nothing is left in the bucket",
  look(ended, check) {
    const { bucket, base } = ended.world;
    if (bucket.written.length === 0) return;
    const isExcused =
      ended.runners.some((runner) => !runner.options.post && runner.mainEnd?.exitCode !== 0) ||
      base.faults.taken.some(
        // The containers of a stopped task may still upload until their ends.
        (fault) =>
          fault.kind === "stop-task" ||
          fault.kind === "s3-away" ||
          (fault.kind === "call" && fault.operation.startsWith("s3:")),
      );
    if (isExcused) return;
    // A delete marker has no bytes.
    const left = [...bucket.versions.values()].flat().flatMap((each) => (each.isMarker ? [] : [each.key]));
    check(left.length === 0, "world", () => `the bucket has ${left.join(", ")}`);
  },
};

const secrets: Rule = {
  name: "no secret is at rest or on record",
  look(ended, check) {
    const { bucket, gateway } = ended.world;
    for (const { key, bytes } of bucket.written)
      check(!bytes.includes(SECRET), "world", () => `the secret is in the object ${key}`);
    for (const { command, owner } of gateway.sessions.values())
      check(!command.includes(SECRET), owner, () => "the secret is in a command");
    for (const runner of ended.runners)
      check(
        !runner.record.includes(SECRET),
        runner.name,
        () => "the secret is in the log, an output or the saved state",
      );
  },
};

const crash: Rule = {
  name: "nothing crashes",
  look(ended, check) {
    check(ended.crashes.length === 0, "world", () =>
      ended.crashes
        .map((error) => (error instanceof Error ? (error.stack ?? error.message) : String(error)))
        .join("; "),
    );
    for (const runner of ended.runners) {
      const internal = /^.*(?:TypeError|ReferenceError|RangeError|the world has no).*$/m.exec(
        runner.main.stdout + (runner.post?.stdout ?? ""),
      );
      check(internal === null, runner.name, () => internal?.[0] ?? "");
    }
  },
};

export const RULES: readonly Rule[] = [
  ...[green, exitCode, output, outputs, once, seats, cancelled, limits],
  ...[post, sessionsEnd, leftSessions, leftInContainer, leftInBucket, secrets, crash],
];

/** What the rules say of an end. */
export interface Verdict {
  readonly objections: readonly Objection[];
  /** How often each rule could have objected. */
  readonly looks: ReadonlyMap<string, number>;
}

export function judge(ended: Simulated): Verdict {
  const objections: Objection[] = [];
  const looks = new Map<string, number>();
  for (const rule of RULES) {
    looks.set(rule.name, 0);
    rule.look(ended, (holds, actor, text) => {
      looks.set(rule.name, (looks.get(rule.name) ?? 0) + 1);
      if (!holds) objections.push({ rule: rule.name, actor, text: text() });
    });
  }
  return { objections, looks };
}

function clip(text: string | undefined): string {
  return text === undefined ? "nothing" : text.slice(0, 80);
}

export type { Runner };
