import { itemsFor, type Meeting, meet } from "./meetings.ts";
import { between, chance, pick, type Random, randomOf } from "./random.ts";
import type { CallTrouble, ContainerOptions, Fault, RunnerOptions, Scenario } from "./scenario.ts";

const MEETINGS: readonly Meeting[] = [drawKeyOutage, drawLostStock, drawLastHeartbeat];

/** Worlds in which something lasts for longer than it ever does by itself, or is lost while much waits for it. The other scenarios stay as they are. */
export function drawLongMeetings(scenario: Scenario): Scenario {
  const random = randomOf(Math.imul(scenario.seed, 0x6c8e9cf5) ^ 0x10ea);
  return meet(MEETINGS, random, scenario);
}

/** GitHub or STS gives no keys for minutes, from the first renewal on, and gives some again about when the old ones end. */
function drawKeyOutage(random: Random, { seed, world }: Scenario, container: ContainerOptions): Scenario {
  const runner: RunnerOptions = {
    ...{ at: 0, container: 0, post: true },
    inputs: { timeout: "60m", logs: "session", "role-to-assume": "arn:aws:iam::111122223333:role/deploy" },
    script: {
      lines: [{ out: "out r0 0" }, { wait: between(random, 900_000, 1_500_000) }, { out: "out r0 1" }],
      ...{ exitCode: 0, onTerm: "dies" },
    },
  };
  const operation = pick(random, ["github:IdToken", "sts:AssumeRoleWithWebIdentity"]);
  const what = pick(random, ["denied", "failed"] satisfies CallTrouble[]);
  const faults = Array.from(
    { length: between(random, 10, what === "denied" ? 30 : 60) },
    (_, more): Fault => {
      return { kind: "call", actor: "runner 0", operation, count: 2 + more, what };
    },
  );
  return {
    seed,
    world: { ...world, roleSession: 900_000 },
    containers: [container],
    runners: [runner],
    faults,
  };
}

/** What runs the items of a job's only worker is killed, and most of them wait in its stock. */
function drawLostStock(random: Random, { seed, world }: Scenario, container: ContainerOptions): Scenario {
  const items = itemsFor(random, [4, 12], [1_000, 8_000]);
  const runner: RunnerOptions = {
    ...{ at: 0, container: 0, post: true, script: { lines: [], exitCode: 0, onTerm: "dies" } },
    inputs: {
      ...{ items, timeout: "60m", logs: pick(random, ["auto", "session", "bucket"]) },
      ...(chance(random, 0.5) && { retry: pick(random, ["infrastructure", "infrastructure,75"]) }),
    },
  };
  const at = between(random, 3_000, 12_000);
  return {
    ...{ seed, world: { ...world, bucket: true }, containers: [container], runners: [runner] },
    faults: [{ kind: "kill-process", actor: "container 0", at, process: "item-worker" }],
  };
}

/** The container's uploader is killed for good once it has only said that it lives, and the script goes on for minutes. */
function drawLastHeartbeat(random: Random, { seed, world }: Scenario, container: ContainerOptions): Scenario {
  const [quiet, rest] = [between(random, 100_000, 200_000), between(random, 120_000, 300_000)];
  const runner: RunnerOptions = {
    ...{ at: 0, container: 0, post: true },
    inputs: { timeout: "60m", logs: pick(random, ["auto", "bucket"]) },
    script: {
      lines: [{ out: "out r0 0" }, { wait: quiet }, { out: "out r0 1" }, { wait: rest }, { out: "out r0 2" }],
      ...{ exitCode: pick(random, [0, 3]), onTerm: "dies" },
    },
  };
  const at = between(random, 60_000, 95_000);
  return {
    ...{ seed, world: { ...world, bucket: true }, containers: [container], runners: [runner] },
    faults: [{ kind: "kill-process", actor: "container 0", at, process: "supervisor" }],
  };
}
