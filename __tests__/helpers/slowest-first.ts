/**
 * The files that take longest, about the longest first. Those of `e2e/` mostly wait, the others mostly compute: two of the first
 * for one of the second keep the processors busy.
 */
export const LONGEST = [
  "e2e/lost-runner.local",
  "e2e/act.local",
  "payload/upload",
  "e2e/admission.local",
  "e2e/blocked.local",
  "payload/leave",
  "e2e/iam.local",
  "e2e/cancel.local",
  "payload/attacks",
  "e2e/starting.local",
  "e2e/images.local",
  "payload/recorders",
  "e2e/bulk.local",
  "e2e/held.local",
  "local/images/images.local",
  "e2e/targets.local",
  "e2e/fan-out.local",
  "payload/shellcheck",
  "e2e/setup.local",
  "e2e/pieces.local",
  "payload/check",
  "e2e/output.local",
  "e2e/cuts.local",
  "payload/attach",
  "e2e/parallel-steps.local",
  "e2e/census.local",
  "payload/spool",
  "e2e/matrix.local",
  "e2e/random-scripts.local",
  "payload/programs",
  "e2e/interrupted.local",
  "e2e/status.local",
  "payload/job",
  "payload/bootstrap",
  "stream/extract.fuzz",
  "payload/upload-secrecy",
  "payload/upload-control",
  "payload/stop",
  "payload/loader",
  "channel/damaged-frames.fuzz",
  "session/agent",
  "show/lines",
];

/**
 * Jest's sequencer. It starts the longest files first, so that none of them runs alone at the end, then all others. Files with a
 * local Fargate mostly wait, so they are spread evenly among the others. The order is written down, since a fresh checkout has no
 * timings of an earlier run.
 */
export default class SlowestFirst {
  sort<Test extends { readonly path: string }>(tests: readonly Test[]): Test[] {
    const byName = [...tests].sort((a, b) => (a.path < b.path ? -1 : 1));
    const longest = byName.filter(({ path }) => rank(path) >= 0);
    const others = byName.filter(({ path }) => rank(path) < 0);
    const waiting = others.filter(({ path }) => path.endsWith(".local.test.ts"));
    const computing = others.filter((test) => !waiting.includes(test));
    return [...longest.sort((a, b) => rank(a.path) - rank(b.path)), ...spread(waiting, computing)];
  }

  cacheResults(): void {
    // Jest calls this after a run. The order does not depend on earlier runs.
  }
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
