import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** The command of the page that gives a service its hook. */
const command = /```bash\n(hook=[\s\S]*?)```/.exec(readFileSync("docs/deployment.md", "utf8"))?.[1] ?? "";

/** The `--deployment-configuration` that the page's command sends, for a service with this one. */
function sent(configuration: object): unknown {
  const aws = [
    'aws() { case $2 in describe-services) printf "%s" "$CONFIGURATION" ;; update-service) shift 2',
    'while [ "$1" != --deployment-configuration ]; do shift; done; printf "%s" "$2" ;; esac; }',
  ].join("\n");
  const env = { ...process.env, CONFIGURATION: JSON.stringify(configuration) };
  const { stdout, stderr, status } = spawnSync(
    "bash",
    ["--norc", "-euo", "pipefail", "-c", `${aws}\n${command}`],
    {
      ...{ env, encoding: "utf8" },
    },
  );
  expect([status, stderr]).toEqual([0, ""]);
  return JSON.parse(stdout) as unknown;
}

const HOOK = {
  targetType: "PAUSE",
  lifecycleStages: ["POST_SCALE_UP"],
  timeoutConfiguration: { timeoutInMinutes: 40, action: "ROLLBACK" },
};
const LAMBDA = {
  hookTargetArn: "arn:aws:lambda:eu-west-1:123456789012:function:check",
  lifecycleStages: ["BAKE"],
};

it("the page's command keeps all that the service's configuration has, and puts its pause hook in the place of another", () => {
  const kept = {
    ...{ strategy: "BLUE_GREEN", bakeTimeInMinutes: 5, maximumPercent: 200 },
    deploymentCircuitBreaker: { enable: true, rollback: true },
  };
  const before = {
    ...kept,
    lifecycleHooks: [LAMBDA, { targetType: "PAUSE", lifecycleStages: ["PRE_SCALE_UP"] }],
  };
  expect(sent(before)).toEqual({ ...kept, lifecycleHooks: [LAMBDA, HOOK] });
  expect(sent(kept)).toEqual({ ...kept, lifecycleHooks: [HOOK] });
});
