import { marksOfItems } from "./oracle/items.ts";
import { judge } from "./oracle/rules.ts";
import type { Objection } from "./oracle/rule.ts";
import type { Simulated } from "./simulate.ts";

/** What many worlds have shown, so that it can be sent from one process to another. */
export interface Figures {
  seeds: number;
  /** The steps that have begun. */
  steps: number;
  /** Simulated, until the last step of each world had ended. */
  milliseconds: number;
  green: number;
  /** Steps that were killed or cancelled. */
  stopped: number;
  /** Worlds with several runners, and those with two faults that took effect. */
  several: number;
  twoFaults: number;
  /** How often each rule could have objected. */
  readonly looks: Record<string, number>;
  /** What the steps have met, with how many did. */
  readonly reached: Record<string, number>;
}

/** Adds up what many worlds have shown. */
export class Tally {
  readonly figures: Figures = {
    ...{ seeds: 0, steps: 0, milliseconds: 0, green: 0, stopped: 0, several: 0, twoFaults: 0 },
    ...{ looks: {}, reached: {} },
  };

  /** Counts a world. Returns what the oracle has against it. */
  add(ended: Simulated): readonly Objection[] {
    const { runners, world, endedAt } = ended;
    const { objections, looks } = judge(ended);
    const { taken } = world.base.faults;
    const begun = runners.filter(({ hasBegun }) => hasBegun);
    const reached: Record<string, number> = {};
    const reach = (mark: string): void => void (reached[mark] = (reached[mark] ?? 0) + 1);
    for (const mark of marksOfItems(ended)) reach(mark);
    for (const name of new Set(world.roles.begun))
      if (world.roles.begun.filter((each) => each === name).length > 1) reach("role: a session was renewed");
    for (const { partsTold } of world.containers)
      for (const told of partsTold)
        reach(told === "part" ? "artifacts: a part in S3" : "artifacts: a part that S3 did not take");
    for (const { main } of begun) for (const mark of marksOf(main.stdout)) reach(mark);
    for (const fault of taken) reach(`fault: ${fault.kind}${"what" in fault ? ` ${fault.what}` : ""}`);
    this.merge({
      ...{ seeds: 1, steps: begun.length, milliseconds: endedAt },
      green: begun.filter(({ mainEnd }) => mainEnd?.exitCode === 0).length,
      stopped: begun.filter(({ cancelledAt, isKilled }) => cancelledAt !== undefined || isKilled).length,
      ...{ several: runners.length > 1 ? 1 : 0, twoFaults: taken.length > 1 ? 1 : 0 },
      ...{ looks: Object.fromEntries(looks), reached },
    });
    return objections;
  }

  /** Adds what other worlds have shown. */
  merge({ looks, reached, ...counts }: Figures): void {
    addTo(this.figures as unknown as Record<string, number>, counts);
    addTo(this.figures.looks, looks);
    addTo(this.figures.reached, reached);
  }

  /** The figures, for people. `seconds` is the time of the processor. */
  report(seconds: number): string {
    const { seeds, steps, milliseconds, green, stopped, several, twoFaults } = this.figures;
    const share = (count: number, of: number): string => `${Math.round((100 * count) / of)} %`;
    const lines = [
      `${seeds} seeds, ${steps} steps, ${(milliseconds / 3_600_000).toFixed(1)} simulated hours (${Math.round(milliseconds / 1000 / seeds)} s a seed) in ${seconds.toFixed(1)} s of processor time: ${(steps / seconds).toFixed(1)} steps a second`,
      `two faults that took effect: ${share(twoFaults, seeds)}; several runners: ${share(several, seeds)}; steps killed or cancelled: ${share(stopped, steps)}; green: ${share(green, steps)}`,
      "",
      "could have objected:",
      ...rows(this.figures.looks),
      "",
      "reached:",
      ...rows(this.figures.reached),
    ];
    return `${lines.join("\n")}\n`;
  }
}

function addTo(sums: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(more)) sums[name] = (sums[name] ?? 0) + count;
}

function rows(counts: Readonly<Record<string, number>>): readonly string[] {
  return Object.entries(counts)
    .sort(([one], [other]) => one.localeCompare(other))
    .map(([name, count]) => `${String(count).padStart(9)}  ${name}`);
}

/** What a step's log shows of the ways that it went. */
const MARKS: readonly (readonly [string, RegExp])[] = [
  ["carrier: S3", /^The output comes by S3|^\| .*output comes by S3|Deleting the output in s3:/m],
  ["delivery: boto3", /^Script fetched by boto3/m],
  ["delivery: presigned URL", /^Script fetched by (python3|curl)/m],
  ["delivery: typed", /^Script typed into the session/m],
  ["hand-over: connected again", /connected again after/],
  ["hand-over: another session goes on", /A session goes on at byte|opening another one|goes on at byte/],
  ["hand-over: took the seat of a lost run", /^Took the seat of/m],
  ["hand-over: waited for a lost run's job", /its runner is lost/],
  ["job: left", /^Detached|outcome.*detached/m],
  ["job: attached to", /^##\[group\]Attaching to the job/m],
  ["log: read for the output", /^The job is over; reading its output from/m],
  ["log: looked in for the end", /^No session tells how the job ended/m],
  ["log: a place is waited for", /^The exec agent still uploads the logs/m],
  ["lock: waited for", /^The lock '.*' is/m],
  ["lock: taken from a lost run", /^Took the lock of/m],
  ["verdict: CONTINUE", /^Told deployment \S+: CONTINUE/m],
  ["verdict: ROLLBACK", /^Told deployment \S+: ROLLBACK/m],
  ["stop: a command of its own", /a command of its own d(id|oes)/],
  ["wait: for a seat", /waiting for its seat|for its seat as number/],
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
