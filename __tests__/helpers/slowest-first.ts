/**
 * The files that take 20 s and more on a quiet machine, the longest first. Those with a local Fargate mostly wait, the others mostly
 * compute: two of the first for one of the second keep the processors busy.
 */
export const LONGEST = [
  "e2e/act.local",
  "e2e/lost-runner.local",
  "payload/upload",
  "e2e/admission.local",
  "e2e/blocked.local",
  "stream/extract.fuzz",
  "e2e/fan-out.local",
  "e2e/held.local",
  "payload/upload-secrecy",
  "e2e/output.local",
  "e2e/starting.local",
  "payload/upload-control",
  "e2e/census.local",
  "e2e/cli.local",
  "payload/attach",
  "e2e/catalogue.local",
  "e2e/targets.local",
  "payload/check",
  "e2e/pieces.local",
  "e2e/task-stops.local",
  "payload/stop",
  "e2e/hostile-agent.local",
  "e2e/setup.local",
  "payload/attacks",
  "e2e/uploads.local",
  "e2e/interrupted.local",
  "payload/fence",
  "e2e/images.local",
  "e2e/status.local",
  "payload/spool",
  "e2e/cuts.local",
  "e2e/parallel-steps.local",
  "job",
  "e2e/calls-in-a-row.local",
  "e2e/detach.local",
  "payload/loader",
  "local/images/images.local",
  "payload/input",
  "e2e/expiry.local",
  "payload/programs",
  "e2e/script.local",
  "payload/artifacts",
  "e2e/random-scripts.local",
  "payload/file-commands",
  "e2e/delivery.local",
  "payload/shellcheck",
  "local/faults.local",
  "payload/bootstrap",
  "e2e/log-fallback.local",
  "payload/recorders",
  "e2e/matrix.local",
  "local/agent/limit",
  "payload/leave",
  "e2e/daemons.local",
  "e2e/encrypted.local",
  "show/lines",
  "session/agent",
  "e2e/workers.local",
  "stream/bounds",
  "e2e/cancel.local",
  "payload/place",
  "e2e/unreachable.local",
  "payload/job",
  "e2e/iam.local",
  "e2e/defiant.local",
  "payload/job-text",
  "e2e/commands.local",
  "e2e/logs.local",
  "payload/others",
  "e2e/deployment.local",
  "e2e/bulk.local",
  "payload/recorder",
  "e2e/check.local",
  "local/start.local",
  "e2e/aws-cli.local",
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
