import type { Scenario } from "../../simulation/scenario.ts";
import { simulate } from "../../simulation/simulate.ts";

/** A world in which one step forwards a port, with these inputs besides. */
function worldWith({
  inputs,
  ...more
}: Pick<Scenario, "ecs" | "faults"> & { readonly inputs: Readonly<Record<string, string>> }): Scenario {
  return {
    seed: 1,
    world: {
      ...{ latency: [5, 10], bucket: false, mayList: true, isVersioned: false },
      ...{ maySeeSessions: true, mayResume: true, pausesAfter: 2_000 },
    },
    containers: [{ boto3: true, gzip: true, reaps: true, pace: 2, stopsIn: 0 }],
    runners: [
      {
        ...{ at: 2_000, container: 0, clients: [], post: true },
        inputs: { forwards: ":echo.internal:5000", ...inputs },
        script: { lines: [], exitCode: 0, onTerm: "dies" },
      },
    ],
    ...more,
  };
}

const ECS = {
  ...{ lag: 0, mayDescribe: true, mayRegister: true, hasShell: false, hasOwnEntryPoint: false },
  start: { network: 200, pull: 200, activate: 200, agent: 200, connect: 0 },
  ...{ like: 0, ownCommand: 5_000 },
};

/** The code and the text with which the step fails. */
async function failureIn(scenario: Scenario): Promise<string | undefined> {
  const { runners } = await simulate(scenario);
  return /^::error title=fargate-exec%3A (.*)$/m.exec(runners[0]?.main.stdout ?? "")?.[1];
}

it("a forward whose container does not obey 'hold' says so, with the right that is missing, as a run does", async () => {
  const scenario = worldWith({
    inputs: { "task-definition": "app", subnets: "subnet-0a1b2c3d" },
    ecs: { ...ECS, mayRegister: false, hasOwnEntryPoint: true },
    faults: [],
  });
  expect(await failureIn(scenario)).toMatch(
    /^hold-ended::Input 'hold' could not keep .*ENTRYPOINT.*ecs:RegisterTaskDefinition/,
  );
});

it("the time for which a forward waits for its seat does not count towards 'start-timeout'", async () => {
  const scenario = worldWith({
    inputs: { "start-timeout": "40s", "queue-timeout": "4m" },
    ecs: { ...ECS, lag: 2_000 },
    // A colleague's shell has the place until the task is stopped, which ECS is slow to say.
    faults: [
      { kind: "shell", actor: "container 0", at: 0, ms: 100_000 },
      { kind: "stop-task", actor: "container 0", at: 40_500, code: "UserInitiated" },
    ],
  });
  expect(await failureIn(scenario)).toMatch(/^task-stopped::.*Task stopped by user/);
});

it("a forward that is cancelled while its session begins does not wait for a gateway that is not reached", async () => {
  const actor = "runner 0";
  const scenario = worldWith({
    inputs: {},
    faults: [
      { kind: "gateway-away", actor, at: 2_000, ms: 120_000, isSilent: false },
      { kind: "call", actor, operation: "ecs:ExecuteCommand", count: 1, what: "slow", ms: 1_000 },
      { kind: "signal", actor, at: 3_400, signal: "SIGINT" },
    ],
  });
  const { runners, world } = await simulate(scenario);
  const [{ cancelledAt = 0, mainEnd } = {}] = runners;
  expect(world.base.faults.taken).toHaveLength(3);
  expect((mainEnd?.at ?? 0) - cancelledAt).toBeLessThan(2_000);
});
