import TestSequencer from "@jest/test-sequencer";

/**
 * The files that take ten seconds and more on a quiet machine, the longest first. Those with a local Fargate mostly wait, the others mostly
 * compute: two of the first for one of the second keep the processors busy.
 */
export const LONGEST = [
  "payload/items",
  "e2e/act.local",
  "e2e/task-stops.local",
  "payload/upload",
  "payload/upload-control",
  "e2e/setup.local",
  "e2e/expiry.local",
  "payload/attach",
  "e2e/cli.local",
  "e2e/log-fallback.local",
  "payload/place",
  "e2e/detach.local",
  "e2e/admission.local",
  "payload/awk-recorder",
  "e2e/images.local",
  "e2e/items.local",
  "payload/artifacts",
  "e2e/matrix.local",
  "e2e/output.local",
  "run/job",
  "e2e/targets.local",
  "e2e/cancel.local",
  "payload/attacks",
  "e2e/calls-in-a-row.local",
  "e2e/held.local",
  "payload/shellcheck",
  "e2e/interrupted.local",
  "e2e/hostile-agent.local",
  "payload/fence",
  "e2e/starting.local",
  "e2e/script.local",
  "payload/beat",
  "e2e/uploads.local",
  "e2e/rerun.local",
  "payload/upload-secrecy",
  "local/images/images.local",
  "e2e/parallel-steps.local",
  "payload/loader",
  "session/forward/tunnel",
  "e2e/census.local",
  "payload/check",
  "e2e/buckets.local",
  "payload/stopped-packers",
  "e2e/unreachable.local",
  "e2e/pieces.local",
  "simulation/simulation",
  "payload/leave",
  "run/items/job-directories",
  "run/job/fan-out-memory",
  "local/task/isolate.local",
  "local/task/escape.local",
  "payload/stop",
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
