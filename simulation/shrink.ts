import type { Fault, RunnerOptions, Scenario } from "./scenario.ts";

/** The most tries to make a scenario smaller. */
const MOST_TRIES = 300;
/** What names another step by its index. */
const BONDS = ["follows", "shares", "reruns", "twin"] as const;

/** Makes a scenario smaller as long as `fails` says that it still fails: fewer faults, fewer steps, shorter scripts, fewer connections, fewer items, fewer inputs. */
export async function shrink(
  scenario: Scenario,
  fails: (smaller: Scenario) => Promise<boolean>,
): Promise<Scenario> {
  let smallest = scenario;
  let tries = 0;
  for (let isSmaller = true; isSmaller;) {
    isSmaller = false;
    for (const candidate of candidates(smallest)) {
      if ((tries += 1) > MOST_TRIES) return smallest;
      if (!(await fails(candidate))) continue;
      smallest = candidate;
      isSmaller = true;
      break;
    }
  }
  return smallest;
}

/** Scenarios that are a little smaller, those that lose most first. */
function* candidates(scenario: Scenario): Generator<Scenario> {
  const { runners, faults } = scenario;
  for (const [at] of runners.entries())
    if (runners.length > 1 && runners.every((runner) => BONDS.every((bond) => runner[bond] !== at)))
      yield withoutRunner(scenario, at);
  for (const [at] of faults.entries()) yield { ...scenario, faults: faults.toSpliced(at, 1) };
  for (const [at, runner] of runners.entries())
    for (const smaller of smallerRunners(runner)) yield { ...scenario, runners: runners.with(at, smaller) };
  // The attempts of a step have the same items.
  for (const text of new Set(runners.flatMap(({ inputs }) => inputs["items"] ?? [])))
    for (const items of fewerLines(text))
      yield {
        ...scenario,
        runners: runners.map((runner) =>
          runner.inputs["items"] === text ? { ...runner, inputs: { ...runner.inputs, items } } : runner,
        ),
      };
}

function withoutRunner(scenario: Scenario, index: number): Scenario {
  const name = `runner ${index}`;
  const rename = (fault: Fault): Fault => {
    const [, lead = "", number] = /^(task \d+ of )?runner (\d+)$/.exec(fault.actor) ?? [];
    return number !== undefined && Number(number) > index
      ? { ...fault, actor: `${lead}runner ${Number(number) - 1}` }
      : fault;
  };
  const runners = scenario.runners.toSpliced(index, 1).map((runner) => {
    const moved = BONDS.filter((bond) => (runner[bond] ?? -1) > index);
    return { ...runner, ...Object.fromEntries(moved.map((bond) => [bond, (runner[bond] ?? 0) - 1])) };
  });
  return {
    ...scenario,
    runners,
    faults: scenario.faults
      .filter(({ actor }) => actor !== name && !actor.endsWith(` of ${name}`))
      .map(rename),
  };
}

function* smallerRunners(runner: RunnerOptions): Generator<RunnerOptions> {
  const { script, inputs, clients = [] } = runner;
  for (const [at, client] of clients.entries()) {
    yield { ...runner, clients: clients.toSpliced(at, 1) };
    if (client.sends > 1)
      yield { ...runner, clients: clients.with(at, { ...client, sends: Math.floor(client.sends / 2) }) };
  }
  const half = Math.floor(script.lines.length / 2);
  if (half > 0) {
    yield { ...runner, script: { ...script, lines: script.lines.slice(0, half) } };
    yield { ...runner, script: { ...script, lines: script.lines.slice(half) } };
  }
  for (const [at] of script.lines.entries())
    yield { ...runner, script: { ...script, lines: script.lines.toSpliced(at, 1) } };
  for (const name of Object.keys(inputs))
    yield { ...runner, inputs: Object.fromEntries(Object.entries(inputs).filter(([each]) => each !== name)) };
}

/** A list without one half, or without one line. An empty one would be another input. */
function* fewerLines(text: string): Generator<string> {
  const lines = text.split("\n");
  if (lines.length < 2) return;
  const half = Math.floor(lines.length / 2);
  yield lines.slice(0, half).join("\n");
  yield lines.slice(half).join("\n");
  if (lines.length > 2) for (const [at] of lines.entries()) yield lines.toSpliced(at, 1).join("\n");
}
