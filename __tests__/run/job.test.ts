import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Scenario } from "../../simulation/scenario.ts";
import { simulate } from "../../simulation/simulate.ts";
import type { Aws } from "../../src/aws/calls.ts";
import type { ExecConfiguration } from "../../src/aws/ecs.ts";
import type { Task } from "../../src/aws/task.ts";
import { cloudWatchLocation } from "../../src/carriers/logs/transcript.ts";
import { systemClock } from "../../src/clock.ts";
import type { Inputs } from "../../src/inputs/inputs.ts";
import { Failure } from "../../src/errors.ts";
import { runJob } from "../../src/run/job.ts";
import { TaskLooks } from "../../src/targets/tasks/task-looks.ts";
import type { OutputWriter } from "../../src/report/show/lines.ts";
import { StepBudget } from "../../src/run/step-budget.ts";
import { Ledger, type LedgerEntry } from "../../src/undo/ledger.ts";
import { anExecConfiguration, anInputs, aTarget } from "../helpers/runs.ts";
import { deferred } from "../../local/agent/deferred.ts";
import { lockOnMachine } from "../../src/queue/machine-lock.ts";
import { realWorld } from "../../src/run/step/world.ts";
import { Listener } from "../helpers/listener.ts";
import { until } from "../helpers/until.ts";
import { aContainer, aDefinition, aTask, TASK } from "../helpers/tasks.ts";
import { Rig } from "../local/agent/rig.ts";
import { AWS } from "../helpers/session-rig.ts";
import { everyNth } from "../helpers/every-nth.ts";

const DEFAULT = anExecConfiguration();
const origin = (id: string) => ({
  id,
  repository: "example/demo",
  runId: "1",
  runAttempt: "1",
  url: "https://x",
  variables: {},
});

let rig: Rig;
/** Stands for S3: what is staged can be fetched from it as long as it is there. */
const staged = new Map<string, Uint8Array>();
const s3 = createServer((request, response) => {
  const body = staged.get(decodeURIComponent(request.url ?? "").slice(1));
  response.writeHead(body === undefined ? 404 : 200).end(body);
});
beforeAll(async () => {
  rig = await Rig.start();
  await new Promise<void>((resolve) => s3.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  s3.close();
  await rig.stop();
});

const awslogs = (group: string | undefined) =>
  group === undefined
    ? undefined
    : { group, region: undefined, streamPrefix: undefined, createsGroup: false };

let runs = 0;

/** A job in a real terminal behind the local agent, with the calls of AWS that it needs. */
function startJob(
  inputs: Partial<Inputs>,
  {
    exec = Promise.resolve(DEFAULT),
    task = aTask(),
    group,
    s3: others = {},
    refuse = () => Promise.resolve(false),
    sessions = () => Promise.resolve([]),
  }: {
    exec?: Promise<ExecConfiguration>;
    task?: Task;
    group?: string | undefined;
    s3?: object;
    /** Whether ExecuteCommand says once more that the agent has not connected. */
    refuse?: () => Promise<boolean>;
    sessions?: Aws["ssm"]["listActiveSessions"];
  } = {},
) {
  const seen = {
    commands: [] as string[],
    terminated: [] as string[],
    shown: "",
    undo: [] as (readonly LedgerEntry[])[],
  };
  const log = new Listener();
  const cancel = new AbortController();
  const aws = {
    clients: { ...AWS, gatewayEndpoints: () => [rig.endpoint] },
    ecs: {
      describeTask: () => Promise.resolve(task),
      describeTaskDefinition: () => Promise.resolve(aDefinition([{ awslogs: awslogs(group) }])),
      executeCommand: async ({ command }: { command: string }) => {
        if (await refuse()) return { notConnected: "not connected", throttled: false };
        seen.commands.push(command);
        const { sessionId, streamUrl, tokenValue } = rig.start(command);
        return { session: { sessionId, streamUrl, token: tokenValue } };
      },
    },
    s3: {
      putObject: ({ key }: { key: string }, bytes: Uint8Array) =>
        Promise.resolve(void staged.set(key, bytes)).then(() => ({ etag: '"1"' })),
      putIf: ({ key }: { key: string }, bytes: Uint8Array) =>
        Promise.resolve(void staged.set(key, bytes)).then(() => ({ etag: '"1"' })),
      getVersion: ({ key }: { key: string }) =>
        Promise.resolve({ bytes: staged.get(key), etag: '"1"', modified: 0, age: 0 }),
      deleteIf: ({ key }: { key: string }) => Promise.resolve({ deleted: staged.delete(key) }),
      deleteObject: ({ key }: { key: string }) => Promise.resolve(void staged.delete(key)),
      presignGet: ({ key }: { key: string }) =>
        Promise.resolve(`http://127.0.0.1:${(s3.address() as AddressInfo).port}/${encodeURIComponent(key)}`),
      ...others,
    },
    logs: { hasGroup: () => Promise.resolve(true) },
    ssm: {
      terminateSession: (id: string) => Promise.resolve(void seen.terminated.push(id)),
      resumeSession: () => Promise.resolve(undefined),
      listActiveSessions: sessions,
    },
  } as unknown as Aws;
  const write: OutputWriter = ({ bytes }) => void (seen.shown += `${bytes.toString()}\n`);
  const run = () =>
    runJob({
      target: aTarget(),
      exec,
      looks: new TaskLooks({ ecs: aws.ecs, tasks: [TASK], described: [], clock: systemClock }),
      inputs: anInputs({ region: "eu-west-1", ...inputs }),
      origin: origin(`test-${process.pid}-${(runs += 1)}`),
      aws,
      undoing: aws,
      ledger: new Ledger({ region: "eu-west-1", undo: [] }, ({ undo }) => seen.undo.push(undo)),
      clock: systemClock,
      env: {},
      log,
      reader: "workflow",
      write,
      writer: () => write,
      drained: () => Promise.resolve(),
      cancel: cancel.signal,
      giveUp: (why) => cancel.abort(why),
      budget: new StepBudget(),
      workspace: "/nowhere",
      readFile: () => Buffer.alloc(0),
      runner: "/work:/temp",
      machineLock: lockOnMachine,
      gunzip: realWorld.gunzip,
      queues: true,
    });
  return { run, seen, log, cancel };
}

const PATIENCE = 300_000;

it(
  "brings a script in, shows its output and reports its end",
  async () => {
    const script = { kind: "run", text: `echo "hello $NAME"; echo "$TOKEN" >&2; exit 3` } as const;
    const { run, seen, log } = startJob({
      script,
      env: { NAME: "world" },
      secrets: { TOKEN: "hunter22" },
    });
    const report = await run();
    expect(report).toMatchObject({
      end: { kind: "status", status: { reason: "exited", workers: [{ exitCode: 3 }] } },
      stdout: "hello world",
      attached: true,
    });
    const lines = seen.shown.split("\n");
    expect(log.lines.filter((line) => line.startsWith("fargate-exec run=test-"))).toHaveLength(1);
    const { container, taskId } = aTarget();
    expect(log.phases).toEqual([`Waiting for container '${container}' of task ${taskId}`, undefined]);
    expect([...report.stderr]).toEqual([[0, "***\n"]]);
    expect(lines.slice(0, -1).toSorted()).toEqual(["***", "hello world"]);
    expect(report.sessionIds).toHaveLength(1);
    expect(seen.commands.join("\n")).not.toMatch(/hunter22|hello/);
  },
  PATIENCE,
);

it(
  "stages a script in the bucket, deletes it once the job runs, and keeps it on record until then",
  async () => {
    const script = { kind: "run", text: "echo staged" } as const;
    const { run, seen } = startJob({ script, bucket: "example-ci" });
    expect(await run()).toMatchObject({
      end: { kind: "status", status: { workers: [{ exitCode: 0 }] } },
      stdout: "staged",
    });
    expect(seen.undo.map((undo) => undo.map(({ kind }) => kind))).toEqual([
      ["object"],
      // Now with its version.
      ["object"],
      ["object", "claim"],
      ["object", "claim", "job"],
      // Now with its session, then with the cluster's encryption.
      ["object", "claim", "job"],
      ["object", "claim", "job"],
      ["claim", "job"],
      // The seat is given back while the session is being closed.
      ["job"],
      [],
    ]);
    expect(staged.size).toBe(0);
    expect(seen.commands[0]).toContain("example-ci");
  },
  PATIENCE,
);

it(
  "stops the job when it is cancelled",
  async () => {
    const { run, seen, cancel } = startJob({ script: { kind: "run", text: "echo begun; sleep 30" } });
    const job = run();
    await until(
      () => seen.shown.includes("begun"),
      () => `in ${JSON.stringify(seen.shown)}`,
    );
    cancel.abort(new Error("cancelled"));
    expect(await job).toMatchObject({
      end: { kind: "status", status: { reason: "cancelled", workers: [{ stopped: true }] } },
    });
  },
  PATIENCE,
);

const OVERRIDE: ExecConfiguration = { ...DEFAULT, logging: "OVERRIDE", cloudWatchLogGroup: "/ecs/exec" };

it.each(
  everyNth<[string, ExecConfiguration, string | undefined]>(
    [
      ["that is not logged", DEFAULT, undefined],
      ["of a cluster that asks for its log", OVERRIDE, undefined],
      ["that is logged by default, in the container's group", DEFAULT, "/ecs/shop"],
    ],
    2,
  ),
)(
  "a session %s is reported with its log, if it has one",
  async (_, exec, group) => {
    const script = { kind: "run", text: "echo out" } as const;
    const { run, seen } = startJob({ script }, { exec: Promise.resolve(exec), group });
    const { stdout, log } = await run();
    expect(seen.commands).toHaveLength(1);
    expect(stdout).toBe("out");
    const logged = exec.cloudWatchLogGroup ?? group;
    expect(log).toEqual(logged && expect.objectContaining({ kind: "cloudwatch", group: logged }));
    // A log that the step only guesses has no page.
    const page =
      exec.logging === "OVERRIDE" ? cloudWatchLocation("/ecs/exec", "", "eu-west-1").url : undefined;
    const url = log?.kind === "cloudwatch" ? log.url?.split("ecs-execute-command").at(0) : undefined;
    expect(url).toBe(page);
  },
  PATIENCE,
);

it(
  "a session is asked for while the cluster is still being described, and its socket is opened after that",
  async () => {
    const exec = deferred<ExecConfiguration>();
    const script = { kind: "run", text: "echo out" } as const;
    const { run, seen } = startJob({ script }, { exec: exec.promise });
    const job = run();
    await until(() => seen.commands.length === 1);
    const connections = () => rig.gateway.sessions.at(-1)?.connections;
    expect(connections()).toBe(0);
    exec.resolve(DEFAULT);
    expect(await job).toMatchObject({ stdout: "out" });
    expect(connections()).toBe(1);
  },
  PATIENCE,
);

it("the wait for a seat does not count towards start-timeout", async () => {
  const startTimeout = 1_000;
  const looked = deferred<readonly []>();
  let refusals = 0;
  const { run, seen } = startJob(
    { script: { kind: "run", text: "echo out" }, startTimeout },
    { sessions: () => looked.promise, refuse: () => Promise.resolve((refusals += 1) <= 2) },
  );
  const job = run();
  await systemClock.sleep(1.2 * startTimeout);
  looked.resolve([]);
  expect(await job).toMatchObject({ stdout: "out" });
  expect([refusals, seen.commands]).toEqual([3, [expect.any(String)]]);
});

const throttled = new Failure("throttled", { failed: "Too many calls.", seen: "", advice: "" });

it("a session is ended with nothing typed when the cluster can't be described for another reason than a missing right", async () => {
  const exec = deferred<ExecConfiguration>();
  const { run, seen } = startJob({}, { exec: exec.promise });
  const job = run();
  await until(() => seen.commands.length === 1);
  const session = rig.gateway.sessions.at(-1);
  exec.reject(throttled);
  const { end, attached } = await job;
  expect({ end, attached }).toMatchObject({
    end: { kind: "impossible", failure: throttled },
    attached: false,
  });
  expect(seen.terminated).toContain(session?.sessionId);
  expect(rig.gateway.sessions.find(({ sessionId }) => sessionId === session?.sessionId)?.connections).toBe(0);
});

describe("before a session", () => {
  it.each(["the upload", "the look at the cluster"])(
    "a job that has taken its seat gives it back when %s fails, and ends with that failure",
    async (what) => {
      const [failing, putting] = [deferred<never>(), deferred<{ etag: string }>()];
      const [exec, s3] =
        what === "the upload"
          ? [Promise.resolve(DEFAULT), { putObject: () => failing.promise }]
          : [failing.promise, { putObject: () => putting.promise }];
      const { run, seen } = startJob({ bucket: "example-ci" }, { exec, s3 });
      const job = run();
      const claimed = () => [...staged.keys()].filter((key) => key.includes("/claims/"));
      await until(() => claimed().length === 1);
      failing.reject(throttled);
      putting.resolve({ etag: '"1"' });
      await expect(job).rejects.toBe(throttled);
      expect(claimed()).toEqual([]);
      expect(seen.commands).toEqual([]);
      expect(seen.undo.at(-1)?.filter(({ kind }) => kind !== "object")).toEqual([]);
    },
  );
});

describe("before anything runs", () => {
  it("fails when its container has stopped, and leaves on record what was staged", async () => {
    const task = aTask({ containers: [aContainer({ lastStatus: "STOPPED", exitCode: 1 })] });
    const { run, seen } = startJob({ bucket: "example-ci" }, { task });
    await expect(run()).rejects.toMatchObject({ code: "container-stopped" });
    expect(seen.undo.at(-1)).toMatchObject([{ kind: "object", bucket: "example-ci" }]);
    expect(seen.commands).toEqual([]);
    staged.clear();
  });
});

it("a step that attaches to a job says in which container and task that is", async () => {
  const text = readFileSync("simulation/corpus/attached-after-the-timeout.json", "utf8");
  const { runners } = await simulate(JSON.parse(text) as Scenario);
  expect(runners[1]?.main.stdout).toMatch(
    /^##\[group\]Attaching to the job in container 'app' of task \w+$/m,
  );
});
