import type { Scenario } from "../../simulation/scenario.ts";
import { simulate } from "../../simulation/simulate.ts";

/** A forward in a task of its own, whose image has an ENTRYPOINT that runs no command, and which can't be replaced. */
const SCENARIO: Scenario = {
  seed: 1,
  world: {
    ...{ latency: [5, 10], bucket: false, mayList: true, isVersioned: false },
    ...{ maySeeSessions: true, mayResume: true, pausesAfter: 2_000 },
  },
  containers: [{ boto3: true, gzip: true, reaps: true, pace: 2, stopsIn: 0 }],
  ecs: {
    ...{ lag: 0, mayDescribe: true, mayRegister: false, hasShell: false, hasOwnEntryPoint: true },
    start: { network: 200, pull: 200, activate: 200, agent: 200, connect: 0 },
    ...{ like: 0, ownCommand: 5_000 },
  },
  runners: [
    {
      ...{ at: 0, container: 0, clients: [], post: true },
      inputs: { forwards: ":echo.internal:5000", "task-definition": "app", subnets: "subnet-0a1b2c3d" },
      script: { lines: [], exitCode: 0, onTerm: "dies" },
    },
  ],
  faults: [],
};

it("a forward whose container does not obey 'hold' says so, with the right that is missing, as a run does", async () => {
  const { runners } = await simulate(SCENARIO);
  expect(runners[0]?.main.stdout).toMatch(
    /^::error title=fargate-exec%3A hold-ended::Input 'hold' could not keep .*ENTRYPOINT.*ecs:RegisterTaskDefinition/m,
  );
});
