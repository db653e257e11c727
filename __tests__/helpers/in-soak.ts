/**
 * Files of which `npm test` runs no test: their steps take long, and the simulation, a soak of their own or the file's neighbours hold the same
 * rules. `npm run soak tables` runs them, and `EVERY_ROW=1 npm test -- FILE`.
 */
export const IN_SOAK = [
  "e2e/aws-cli.local",
  "e2e/beside.local",
  "e2e/bulk.local",
  "e2e/calls-in-a-row.local",
  "e2e/census.local",
  "e2e/cuts.local",
  "e2e/fan-out.local",
  "e2e/idle.local",
  "e2e/kinds-of-service.local",
  "e2e/lock.local",
  "e2e/matrix.local",
  "e2e/parallel-steps.local",
  "e2e/random-scripts.local",
  "e2e/rerun.local",
  "e2e/setup.local",
  "e2e/unreachable.local",
  "e2e/uploads.local",
  "local/images/images.local",
  "simulation/hunters",
  "simulation/item-waits",
];
