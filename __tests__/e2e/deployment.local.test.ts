import { Aws, definition, mainLog, pidOf, withoutInit } from "../helpers/local.ts";
import { RegisterTaskDefinitionCommand } from "@aws-sdk/client-ecs";
import { DeployedService, type DeployedOptions } from "../helpers/deployments.ts";
import { until } from "../helpers/until.ts";
import { itInSoak } from "../helpers/every-nth.ts";

let aws: Aws;
/** The task definitions of the old and of the new revision. Their variable REVISION says which one it is. */
let definitions: readonly [string, string];
beforeAll(async () => {
  aws = await Aws.start({ delays: { hookMinute: 6_000 } });
  const register = async (revision: string): Promise<string> => {
    const container = { ...withoutInit, environment: [{ name: "REVISION", value: revision }] };
    const request = definition("deployed", [container], aws.world.local.accountId);
    const { taskDefinition } = await aws.world.ecs.send(new RegisterTaskDefinitionCommand(request));
    return taskDefinition?.taskDefinitionArn ?? "";
  };
  definitions = [await register("old"), await register("new")];
});
afterAll(() => aws.stop());

const startService = (options: DeployedOptions): Promise<DeployedService> =>
  DeployedService.start(aws, { definitions, minutes: 100, stages: ["POST_SCALE_UP"], ...options });
const SAY = 'echo "the $REVISION revision"';

itInSoak.concurrent(
  "a deployment goes on after a script that succeeds in a task of the new revision; with 'retry' the verdict is that of the last attempt",
  async () => {
    const service = await startService({
      name: "good",
      strategy: "CANARY",
      stages: ["PRE_PRODUCTION_TRAFFIC_SHIFT"],
    });
    const deployment = await service.deploy();
    const result = await aws.step({
      ...{ service: service.name, deployment: "true", timeout: "5m", retry: "75" },
      run: `test -e /tmp/again || { touch /tmp/again; exit 75; }; ${SAY}`,
    });
    expect(result.outputs).toMatchObject({ outcome: "succeeded", stdout: "the new revision" });
    expect(mainLog(result).join("\n")).toContain(`Told deployment ${deployment.arn}: CONTINUE.`);
    // The canary pauses again at the next shift. The step acts once.
    await until(() => deployment.waits);
    expect([deployment.verdicts, service.tasks.length]).toEqual([["CONTINUE"], 2]);
    expect(aws.calls("ContinueServiceDeployment", deployment.arn)).toHaveLength(1);
  },
);

it.concurrent("a deployment goes back after a script that fails, and the step is red", async () => {
  const service = await startService({ name: "bad" });
  const [old] = service.tasks;
  const deployment = await service.deploy();
  const result = await aws.step({
    ...{ service: service.name, deployment: deployment.arn, run: `${SAY}; exit 3`, timeout: "5m" },
  });
  expect([result.conclusion, result.outputs["exit-code"]]).toEqual(["failure", "3"]);
  await until(() => deployment.isOver);
  expect([deployment.status, deployment.verdicts]).toEqual(["ROLLBACK_SUCCESSFUL", ["ROLLBACK"]]);
  expect(service.tasks).toEqual([old]);
});

itInSoak.concurrent("a cancel sends ROLLBACK once, while the script takes two seconds to stop", async () => {
  const service = await startService({ name: "cancelled" });
  const deployment = await service.deploy();
  const cancel = new AbortController();
  const at = new Map<string, number>();
  const run = "trap 'sleep 2; echo stopped; exit' TERM; echo begun; sleep 60 & wait";
  const result = await aws.step(
    { service: service.name, deployment: "true", run, timeout: "5m" },
    {
      signal: cancel.signal,
      onLine: (line) => {
        at.set(line, Date.now());
        if (line === "begun") cancel.abort();
      },
    },
  );
  expect([result.conclusion, deployment.verdicts]).toEqual(["cancelled", ["ROLLBACK"]]);
  expect(aws.calls("ContinueServiceDeployment", deployment.arn)).toHaveLength(1);
  expect(deployment.decidedAt).toBeLessThan(at.get("stopped") ?? NaN);
  // The new task's protection ends after the job, so it does not keep the task running.
  await until(() => service.tasks.length === 1);
});

itInSoak.concurrent("the post step sends ROLLBACK after a step that was killed", async () => {
  const service = await startService({ name: "killed" });
  const deployment = await service.deploy();
  const before: string[][] = [];
  const result = await aws.step(
    {
      ...{ service: service.name, deployment: "true", timeout: "5m", env: "MARK=killed-at-its-hook" },
      run: "echo begun; sleep 5",
    },
    {
      onLine: (line) => {
        const pid = line === "begun" ? pidOf("killed-at-its-hook") : undefined;
        if (pid !== undefined) process.kill(pid, "SIGKILL");
      },
      beforePost: () => Promise.resolve(void before.push([...deployment.verdicts])),
    },
  );
  expect(result.post?.log.join("\n")).toContain(`Telling deployment ${deployment.arn}: ROLLBACK.`);
  expect([before, deployment.verdicts]).toEqual([[[]], ["ROLLBACK"]]);
});

itInSoak.concurrent("with 'start: true' a script runs when the new revision has no task yet", async () => {
  const service = await startService({ name: "early", stages: ["PRE_SCALE_UP"], action: "CONTINUE" });
  const deployment = await service.deploy();
  const inputs = { service: service.name, deployment: "true", start: "true", timeout: "5m" };
  const result = await aws.step({ ...inputs, run: SAY });
  expect(result.outputs).toMatchObject({ outcome: "succeeded", stdout: "the new revision" });
  expect(result.annotations.map(({ message }) => message)).toContainEqual(
    expect.stringContaining("time-out action is CONTINUE"),
  );
  await until(() => deployment.isOver);
  expect([deployment.status, deployment.verdicts]).toEqual(["SUCCESSFUL", ["CONTINUE"]]);
});

itInSoak.concurrent("a hook that expires while the script runs is named, and the step is red", async () => {
  const service = await startService({ name: "expired", action: "CONTINUE" });
  const deployment = await service.deploy();
  const { bucket } = aws.world.made;
  const left: string[] = [];
  const result = await aws.step(
    {
      ...{ service: service.name, deployment: "true", bucket, lock: "expired", timeout: "5m" },
      run: "echo begun; sleep 1",
    },
    {
      onLine: (line) => line === "begun" && deployment.expire(),
      beforePost: async () => void left.push(...(await aws.objects("fargate-exec/locks/"))),
    },
  );
  expect(result.annotations.map(({ title }) => title)).toContain("fargate-exec: hook-expired");
  expect(result.outputs["exit-code"]).toBe("0");
  // The script has ended, so the lock is free.
  expect(left).toEqual([]);
  expect([result.conclusion, deployment.verdicts]).toEqual(["failure", []]);
});

itInSoak.concurrent(
  "'tasks: all' one at a time begins with the newest task, goes on in the successor of a replaced one, and ends at a failure",
  async () => {
    const service = await startService({ name: "rolled", stages: [], count: 3 });
    const startOf = new Map(service.tasks.map(({ arn, times }) => [arn, times.startedAt ?? 0]));
    let deployed: Promise<unknown> | undefined;
    const result = await aws.step(
      {
        ...{ service: service.name, tasks: "all", "max-parallel": "1", "fail-fast": "true", timeout: "5m" },
        run: 'echo "begun by the $REVISION revision"; sleep 1; exit "$FARGATE_EXEC_TASK"',
      },
      { onLine: (line) => void (line.endsWith("by the old revision") && (deployed ??= service.deploy())) },
    );
    await deployed;
    const results = JSON.parse(result.outputs["results"] ?? "") as { taskArn: string; exitCode: number }[];
    expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 1]);
    // Two may have started in the same millisecond.
    expect(startOf.get(results[0]?.taskArn ?? "")).toBe(Math.max(...startOf.values()));
    // The deployment has stopped the second one before its turn, and not the first one, which was protected.
    expect(service.tasks.map(({ arn }) => arn)).toContain(results[1]?.taskArn);
    expect(mainLog(result).join("\n")).toMatch(
      /replaces task .* before the job has started(.|\n)*1 are left\./,
    );
  },
);
