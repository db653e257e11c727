import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { drawScenario } from "../../simulation/draw.ts";
import { judge, RULES } from "../../simulation/oracle/rules.ts";
import { plantedBugs } from "../../simulation/planted-bugs.ts";
import type { Scenario } from "../../simulation/scenario.ts";
import { simulate } from "../../simulation/simulate.ts";
import { Tally } from "../../simulation/tally.ts";
import { itInSoak } from "../helpers/every-nth.ts";

/** Seeds that nothing has run before. The name of a failing test has its seed. */
const FRESH = 4;
const CORPUS = new URL("../../simulation/corpus/", import.meta.url);

const first = Math.floor(Date.now() / 1000) * 100;

async function objections(scenario: Scenario): Promise<readonly string[]> {
  return judge(await simulate(scenario)).objections.map(
    ({ rule, actor, text }) => `${actor}: ${text} (${rule})`,
  );
}

describe("the oracle has nothing against", () => {
  it.each(readdirSync(CORPUS))("the scenario %s of the corpus", async (name) => {
    expect(await objections(JSON.parse(readFileSync(new URL(name, CORPUS), "utf8")) as Scenario)).toEqual([]);
  });

  it.each(Array.from({ length: FRESH }, (_, at) => first + at))("the fresh seed %i", async (seed) => {
    expect(await objections(drawScenario(seed))).toEqual([]);
  });
});

itInSoak(
  "worlds are not empty: they last, are disturbed, have several runners, and end in many ways",
  async () => {
    const tally = new Tally();
    for (let seed = 1; seed <= 60; seed += 1) tally.add(await simulate(drawScenario(seed)));
    const { seeds, steps, milliseconds, twoFaults, several, stopped, green, reached } = tally.figures;
    expect(milliseconds / seeds).toBeGreaterThanOrEqual(60_000);
    expect(twoFaults / seeds).toBeGreaterThanOrEqual(0.6);
    expect(several / seeds).toBeGreaterThanOrEqual(0.3);
    expect(stopped / steps).toBeGreaterThanOrEqual(0.2);
    expect(green / steps).toBeLessThanOrEqual(0.6);
    const kinds = Object.keys(reached).map((mark) => mark.split(":")[0]);
    expect(new Set(kinds)).toEqual(
      new Set([
        "artifacts",
        "cancelled while",
        "carrier",
        "code",
        "delivery",
        "fault",
        "hand-over",
        "items",
        "job",
        "lock",
        "stop",
        "verdict",
        "wait",
      ]),
    );
  },
);

it.each([1, 4, 9, 41])(
  "one scenario twice makes the same timeline, byte for byte (seed %i)",
  async (seed) => {
    const scenario = drawScenario(seed);
    const timeline = async (): Promise<string> => (await simulate(scenario)).world.base.timeline.toString();
    const once = await timeline();
    expect(once.length).toBeGreaterThan(500);
    expect(await timeline()).toBe(once);
  },
);

it.each(readdirSync("simulation/planted"))(
  "the planted bug %s still has its place in the sources",
  (name) => {
    execFileSync("git", ["apply", "--check", `simulation/planted/${name}`]);
  },
);

it("the page has a row for each planted bug, with a rule that there is", () => {
  const bugs = plantedBugs(readFileSync("docs/simulation.md", "utf8"));
  expect(bugs.map(({ name }) => `${name}.patch`).sort()).toEqual(readdirSync("simulation/planted").sort());
  expect(RULES.map(({ name }) => name)).toEqual(expect.arrayContaining(bugs.map(({ rule }) => rule)));
});
