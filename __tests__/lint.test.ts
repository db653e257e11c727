import { ESLint, Linter } from "eslint";

const lint = new ESLint();
const configs = new Map<string, Promise<unknown>>();

async function configOf(file: string): Promise<Linter.Config> {
  const known = configs.get(file) ?? (lint.calculateConfigForFile(file) as Promise<unknown>);
  configs.set(file, known);
  return (await known) as Linter.Config;
}

/** The messages of the rules that keep a run's time, randomness and state in its hands, for this text in this file. */
async function refusals(text: string, file = "src/run/job.ts"): Promise<readonly string[]> {
  const { rules } = await configOf(file);
  const own = Object.entries(rules ?? {}).filter(([name]) => name.startsWith("no-restricted-"));
  const found = new Linter().verify(text, [{ rules: Object.fromEntries(own) }]);
  return found.map(({ message }) => message);
}

const BY_THE_CLOCK = /Take it from the run's Clock/;

it.each([
  "export const x = () => Date.now();",
  "export const x = { now: Date.now };",
  "export const x = () => new Date();",
  "export const x = () => Date();",
  "export const x = () => performance.now();",
  'import { performance } from "node:perf_hooks"; performance.now();',
  "export const x = () => setTimeout(() => undefined, 1);",
  "export const x = () => globalThis.setTimeout(() => undefined, 1);",
  "export const x = () => setInterval(() => undefined, 1);",
  "export const x = () => setImmediate(() => undefined);",
  "export const x = () => new Promise(setImmediate);",
  "export const x = () => AbortSignal.timeout(1);",
  'import { setTimeout as sleep } from "node:timers/promises"; sleep(1);',
  'import { setImmediate as turn } from "timers"; turn();',
  "export const x = () => Math.random();",
  "export const x = (random = Math.random) => random();",
  'import { randomBytes } from "node:crypto"; randomBytes(1);',
  'import { randomUUID } from "crypto"; randomUUID();',
  'import * as all from "node:crypto"; all.randomUUID();',
  'import crypto from "node:crypto"; crypto.randomBytes(1);',
  "export const x = () => crypto.randomUUID();",
  "export const x = () => process.hrtime.bigint();",
])("outside the clock's file the lint refuses %s", async (text) => {
  expect(await refusals(text)).toContainEqual(expect.stringMatching(BY_THE_CLOCK));
  expect(await refusals(text, "src/clock.ts")).toEqual([]);
});

it.each([
  'import { readFile } from "node:fs/promises"; readFile("x");',
  'import { createReadStream } from "node:fs"; createReadStream("x");',
  'import { createGunzip } from "node:zlib"; createGunzip();',
])("outside a step's world the lint refuses %s", async (text) => {
  expect(await refusals(text)).toEqual([expect.stringContaining("A pool of threads decides")]);
  expect(await refusals(text, "src/run/step/world.ts")).toEqual([]);
});

it.each([
  "let count = 0; export const next = () => ++count;",
  "export let count = 0;",
  "const seen = new Set(); export const isNew = (x) => !seen.has(x);",
  "export const held = new WeakMap();",
  "const waiting = []; export const add = (x) => waiting.push(x);",
  "export class Runs { static count = 0; }",
])("the lint refuses state of a module: %s", async (text) => {
  expect(await refusals(text)).toEqual([expect.stringContaining("Several runs can be in one process")]);
});

it.each([
  "export const x = (ms) => new Date(ms).toISOString();",
  "export const KNOWN = new Set(['a']);",
  'import { createHash } from "node:crypto"; createHash("sha256");',
  "export const x = (socket) => socket.setTimeout(1);",
  "export const make = () => { let count = 0; const all = new Map(); return [count++, all]; };",
])("the lint has nothing against %s", async (text) => {
  expect(await refusals(text)).toEqual([]);
});

it.each([
  'it.skip("x", () => {});',
  'it.concurrent.only("x", () => {});',
  "(asRoot ? it : it.skip).each([]);",
])("the lint refuses a test that is skipped but for a need: %s", async (text) => {
  expect(await refusals(text, "__tests__/waiting.test.ts")).toEqual([
    expect.stringContaining("none is skipped but for a need"),
  ]);
});

it("only the world of a step and the command line take the real clock", async () => {
  const text = 'import { systemClock } from "../clock.ts"; systemClock.now();';
  expect(await refusals(text)).toEqual([expect.stringContaining("A run is given its clock")]);
  expect(await refusals(text, "src/run/step/world.ts")).toEqual([]);
  expect(await refusals(text, "src/doors/cli/main.ts")).toEqual([]);
});
