/**
 * The files that take longest on two cores, the longest first. Those of `e2e/` mostly wait, those of `payload/` and `stream/` compute.
 */
export const LONGEST = [
  "e2e/images.local",
  "e2e/catalogue.local",
  "e2e/blocked.local",
  "e2e/admission.local",
  "e2e/lost-runner.local",
  "payload/upload",
  "payload/upload-control",
  "payload/check",
  "e2e/held.local",
  "e2e/cuts.local",
  "e2e/interrupted.local",
  "payload/attacks",
  "e2e/bulk.local",
  "e2e/iam.local",
  "e2e/fan-out.local",
  "e2e/starting.local",
  "e2e/targets.local",
  "e2e/matrix.local",
  "e2e/defiant.local",
  "e2e/pieces.local",
  "e2e/parallel-steps.local",
  "e2e/act.local",
  "e2e/check.local",
  "e2e/script.local",
  "e2e/daemons.local",
  "payload/stop",
  "payload/recorders",
  "payload/attach",
  "e2e/status.local",
  "e2e/output.local",
  "e2e/cancel.local",
  "e2e/census.local",
  "e2e/uploads.local",
  "e2e/encrypted.local",
  "local/images/images.local",
  "payload/input",
  "e2e/expiry.local",
  "payload/spool",
  "stream/extract.fuzz",
  "payload/credentials",
];

/**
 * Jest's sequencer: starts the longest files first, so that none of them runs on alone at the end, then the others that
 * start a local Fargate. The order is written down, since a fresh checkout has no timings of an earlier run.
 */
export default class SlowestFirst {
  sort<Test extends { readonly path: string }>(tests: readonly Test[]): Test[] {
    return [...tests].sort((a, b) => rank(a.path) - rank(b.path) || (a.path < b.path ? -1 : 1));
  }

  cacheResults(): void {
    // Jest calls this after a run. The order does not depend on earlier runs.
  }
}

function rank(path: string): number {
  const longest = LONGEST.findIndex((file) => path.endsWith(`/__tests__/${file}.test.ts`));
  if (longest >= 0) return longest;
  return path.endsWith(".local.test.ts") ? LONGEST.length : LONGEST.length + 1;
}
