/** Runs all seeds of the fuzz tests and hundreds of random scripts. The tests run a sample of one in eighty. */
import { spawnSync } from "node:child_process";

/** Further files whose seeds the tests sample. */
const MODELS = ["exclusion-model", "queue-model", "queue/other-sessions", "forward/streams"];

const { status } = spawnSync("npm", ["test", "--", "fuzz", "random-scripts", ...MODELS], {
  env: { ...process.env, EVERY_ROW: "1", FUZZ_ALL: "1" },
  stdio: "inherit",
});
process.exitCode = status ?? 1;
