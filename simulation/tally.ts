import { judge } from "./oracle/rules.ts";
import type { Objection } from "./oracle/rule.ts";
import type { Simulated } from "./simulate.ts";

/** Adds up what many worlds have shown. */
export class Tally {
  seeds = 0;
  steps = 0;
  readonly #counts = { green: 0, stopped: 0, several: 0, twoFaults: 0 };
  #milliseconds = 0;
  /** How often each rule could have objected. */
  readonly looks = new Map<string, number>();
  /** What the steps have met, with how many did. */
  readonly reached = new Map<string, number>();

  /** Counts a world. Returns what the oracle has against it. */
  add(ended: Simulated): readonly Objection[] {
    const { runners, world } = ended;
    const { objections, looks } = judge(ended);
    this.seeds += 1;
    this.steps += runners.length;
    this.#milliseconds += ended.endedAt;
    if (runners.length > 1) this.#counts.several += 1;
    if (world.base.faults.taken.length > 1) this.#counts.twoFaults += 1;
    for (const [rule, count] of looks) this.looks.set(rule, (this.looks.get(rule) ?? 0) + count);
    for (const runner of runners) {
      if (runner.mainEnd?.exitCode === 0) this.#counts.green += 1;
      if (runner.cancelledAt !== undefined || runner.isKilled) this.#counts.stopped += 1;
      for (const mark of marksOf(runner.main.stdout))
        this.reached.set(mark, (this.reached.get(mark) ?? 0) + 1);
    }
    for (const fault of world.base.faults.taken) {
      const mark = `fault: ${fault.kind}${"what" in fault ? ` ${fault.what}` : ""}`;
      this.reached.set(mark, (this.reached.get(mark) ?? 0) + 1);
    }
    return objections;
  }

  /** The figures, for people. `seconds` is the time of the processor. */
  report(seconds: number): string {
    const { green, stopped, several, twoFaults } = this.#counts;
    const share = (count: number, of: number): string => `${Math.round((100 * count) / of)} %`;
    const lines = [
      `${this.seeds} seeds, ${this.steps} steps, ${(this.#milliseconds / 3_600_000).toFixed(1)} simulated hours (${Math.round(this.#milliseconds / 1000 / this.seeds)} s a seed) in ${seconds.toFixed(1)} s of processor time: ${(this.steps / seconds).toFixed(1)} steps a second`,
      `two faults that took effect: ${share(twoFaults, this.seeds)}; several runners: ${share(several, this.seeds)}; steps killed or cancelled: ${share(stopped, this.steps)}; green: ${share(green, this.steps)}`,
      "",
      "could have objected:",
      ...rows(this.looks),
      "",
      "reached:",
      ...rows(this.reached),
    ];
    return `${lines.join("\n")}\n`;
  }
}

function rows(counts: ReadonlyMap<string, number>): readonly string[] {
  return [...counts]
    .sort(([one], [other]) => one.localeCompare(other))
    .map(([name, count]) => `${String(count).padStart(9)}  ${name}`);
}

/** What a step's log shows of the ways that it went. */
const MARKS: readonly (readonly [string, RegExp])[] = [
  ["carrier: S3", /^The output comes by S3|^\| .*output comes by S3|Deleting the output in s3:/m],
  ["delivery: boto3", /^Script fetched by boto3/m],
  ["delivery: presigned URL", /^Script fetched by curl/m],
  ["delivery: typed", /^Script typed into the session/m],
  ["hand-over: connected again", /connected again after/],
  ["hand-over: another session goes on", /A session goes on at byte|opening another one|goes on at byte/],
  ["hand-over: took the place of a lost run", /^Took the place of/m],
  ["hand-over: waited for a lost run's job", /its runner is lost/],
  ["job: left", /^Detached|outcome.*detached/m],
  ["job: attached to", /^##\[group\]Attaching to the job/m],
  ["lock: waited for", /^The lock '.*' is/m],
  ["lock: taken from a lost run", /^Took the lock of/m],
  ["stop: a command of its own", /a command of its own did/],
  ["wait: for a place", /waiting for its place|for its place as number/],
];

function marksOf(log: string): readonly string[] {
  const [, code] = /^::error title=fargate-exec(?::|%3A) ([\w-]+)/m.exec(log) ?? [];
  const before = log.slice(0, Math.max(0, log.indexOf("\nCancelled: stopping")));
  const phase =
    before === ""
      ? undefined
      : [...before.matchAll(/^##\[group\]([\w ]+?)(?: '| of| \w{32}|$)/gm)].at(-1)?.[1];
  return [
    ...(code === undefined ? [] : [`code: ${code}`]),
    ...(phase === undefined ? [] : [`cancelled while: ${phase}`]),
    ...MARKS.flatMap(([name, text]) => (text.test(log) ? [name] : [])),
  ];
}
