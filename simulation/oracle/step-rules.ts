import { SECRET } from "../runner/runner.ts";
import { lineWith } from "./line-with.ts";
import { isCrowded, outlasts } from "./outlasts.ts";
import type { Rule } from "./rule.ts";
import { timeoutOf } from "./timeout-of.ts";

/** A cancelled main has ended by then; the runner kills it later. */
export const CANCELLED_MS = 7_500;
/** The exit code of a main that a second signal has ended. */
export const ENDED_AT_ONCE = 130;
/** What a step may need beside its own limits: `start-timeout`, and the ends of waits that are under way. */
const SLACK_MS = 25 * 60_000;
/** How long a step waits for room in the account's limits: the own command of a task that is kept lasts up to two hours. */
const CROWDED_MS = 125 * 60_000;

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
    check(!time.isEndless, "world", () => "the world never gets quiet");
    for (const runner of ended.runners) {
      if (!runner.hasBegun) continue;
      const timeout = timeoutOf(runner);
      const took = (runner.mainEnd?.at ?? time.now) - runner.beganAt;
      const { tasks = "1", "retry-attempts": attempts = "2", retry } = runner.options.inputs;
      const times = (tasks === "all" ? 3 : Number(tasks)) * (retry === undefined ? 1 : Number(attempts));
      const waits = Math.max(timeout, timeoutOf(runner, "queue-timeout"));
      const most = times * (waits + timeout + SLACK_MS + (isCrowded(ended) ? CROWDED_MS : 0));
      const isOver = runner.mainEnd !== undefined || outlasts(runner, ended);
      check(isOver && took <= most, runner.name, () => `main took ${Math.round(took / 1000)} s`);
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

const secrets: Rule = {
  name: "no secret is at rest or on record",
  look(ended, check) {
    const { bucket, gateway } = ended.world;
    for (const { key, bytes } of bucket.written)
      check(!bytes.includes(SECRET), "world", () => `the secret is in the object ${key}`);
    for (const [id, { events }] of gateway.logs.streams)
      check(!events.join("\n").includes(SECRET), "world", () => `the secret is in the log of session ${id}`);
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
      const log = runner.main.stdout + (runner.post?.stdout ?? "");
      const internal = lineWith(log, /TypeError|ReferenceError|RangeError|the world has no|went wrong/);
      check(internal === undefined, runner.name, () => internal ?? "");
    }
  },
};

/** What must hold of each step. */
export const STEP_RULES: readonly Rule[] = [cancelled, limits, post, secrets, crash];
