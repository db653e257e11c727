import TestSequencer from "@jest/test-sequencer";

/** The files that take ten seconds and more on a quiet machine, the longest first. */
export const LONGEST = [
  "payload/items",
  "e2e/cli.local",
  "payload/upload",
  "payload/attach",
  "e2e/output.local",
  "payload/artifacts",
  "payload/upload-control",
  "run/job",
  "e2e/act.local",
  "payload/beat",
  "e2e/task-stops.local",
  "e2e/expiry.local",
  "session/forward/hostile",
  "payload/recorder",
  "main",
  "payload/attacks",
  "e2e/targets.local",
  "e2e/cancel.local",
  "run/items/item-queue-world",
  "payload/redaction",
  "run/items/job-directories",
  "e2e/check.local",
  "e2e/log-fallback.local",
  "e2e/images.local",
  "payload/fence",
  "payload/shellcheck",
  "payload/check",
  "payload/loader",
  "local/start.local",
  "e2e/admission.local",
  "payload/safe",
  "e2e/script.local",
  "payload/stop",
  "local/faults.local",
  "e2e/container-job.local",
  "payload/awk-recorder",
  "payload/stopped-packers",
  "session/shell/shell",
  "e2e/pieces.local",
  "payload/spool",
  "queue/forged-queues",
  "run/job/artifacts-budget",
  "payload/leave",
  "linear",
  "session/forward/tunnel",
  "local/task/escape.local",
  "e2e/encrypted.local",
  "e2e/held.local",
  "e2e/status.local",
  "session/session",
  "session/forward/streams",
  "run/job/fan-out-memory",
  "e2e/defiant.local",
  "e2e/catalogue.local",
  "e2e/detach.local",
  "simulation/simulation",
  "e2e/interrupted.local",
];

/** Its types say that the class stands in `default` of the default export. An ES module gets the class itself. */
const Base = TestSequencer as unknown as typeof TestSequencer.default;

/** Jest's sequencer. Its own part is the order; which files have failed it knows from Jest's. */
export default class SlowestFirst extends Base {
  override sort<Test extends { readonly path: string }>(tests: readonly Test[]): Test[] {
    return slowestFirst(tests);
  }
}

/**
 * The longest files first, so that none of them runs alone at the end, then all others. Files with a local Fargate mostly wait, so they are spread
 * evenly among the others. The order is written down, since a fresh checkout has no timings of an earlier run.
 */
export function slowestFirst<Test extends { readonly path: string }>(tests: readonly Test[]): Test[] {
  const byName = [...tests].sort((a, b) => (a.path < b.path ? -1 : 1));
  const longest = byName.filter(({ path }) => rank(path) >= 0);
  const others = byName.filter(({ path }) => rank(path) < 0);
  const waiting = others.filter(({ path }) => path.endsWith(".local.test.ts"));
  const computing = others.filter((test) => !waiting.includes(test));
  return [...longest.sort((a, b) => rank(a.path) - rank(b.path)), ...spread(waiting, computing)];
}

/** The place among the longest, or -1. */
function rank(path: string): number {
  return LONGEST.findIndex((file) => path.endsWith(`/__tests__/${file}.test.ts`));
}

/** Both lists as one, in which each is spread evenly. */
function spread<Item>(...lists: readonly (readonly Item[])[]): Item[] {
  return lists
    .flatMap((list) => list.map((item, at) => ({ item, part: (at + 1) / (list.length + 1) })))
    .sort((a, b) => a.part - b.part)
    .map(({ item }) => item);
}
