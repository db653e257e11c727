import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { StopTaskCommand } from "@aws-sdk/client-ecs";
import { runJob } from "../../local/runner/job.ts";
import type { StepResult } from "../../local/runner/step.ts";
import type { Task } from "../../local/task/task.ts";
import { Aws, type Inputs, type StepOptions } from "../helpers/local.ts";
import { scaleService } from "../helpers/service.ts";
import { eventually } from "../helpers/until.ts";
import { itInSoak } from "../helpers/every-nth.ts";

let aws: Aws;
/** A server in the place of the far end, which greets and then echoes. */
let far: Server;
let target: string;
const directory = mkdtempSync(join(tmpdir(), "forward-"));

beforeAll(async () => {
  aws = await Aws.start();
  far = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.write("hello ");
    socket.pipe(socket);
  }).listen(0, "127.0.0.1");
  await once(far, "listening");
  target = `:127.0.0.1:${(far.address() as AddressInfo).port}`;
});
afterAll(async () => {
  far.close();
  await aws.stop();
  rmSync(directory, { recursive: true });
});

/** A step of the door in a job of this name, with a directory for temporary files of its own. */
function start(name: string, inputs: Inputs, { env, ...options }: StepOptions = {}): Promise<StepResult> {
  const temporary = join(directory, name);
  mkdirSync(temporary, { recursive: true });
  return aws.step(
    { forwards: target, ...inputs },
    { env: { RUNNER_TRACKING_ID: name, RUNNER_TEMP: temporary, ...env }, ...options },
  );
}

/** What is left of a job of this name on the machine. */
const leftOf = (name: string): readonly unknown[] => [
  ...processesOf(name),
  ...readdirSync(join(directory, name)).filter((each) => each.startsWith("fargate-exec-")),
];

/** The processes of the job of this name, as the runner finds them at the job's end. */
function processesOf(name: string): number[] {
  return readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, "utf8").includes(`RUNNER_TRACKING_ID=${name}\0`);
      } catch {
        return false;
      }
    })
    .map(Number);
}

function dial(port: string | undefined): Socket {
  return connect(Number(port), "127.0.0.1").on("error", () => undefined);
}

/** What the far end says and sends back. Empty when nothing answers. */
async function echo(port: string | undefined): Promise<string> {
  const socket = dial(port);
  socket.end("again");
  return await text(socket).catch(() => "");
}

/** The code with which a connection breaks off, or "end". */
const brokenOff = (socket: Socket): Promise<string | undefined> =>
  new Promise((resolve) => {
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code));
    socket.once("end", () => resolve("end")).resume();
  });

const openSessions = (task: Task): number =>
  aws.world.local.gateway.sessions.filter(({ target: of, ended }) => of.includes(task.id) && !ended).length;

it.concurrent(
  "two forwards of a job lead from its later steps into the VPC, and end with its post steps",
  async () => {
    const tasks = await Promise.all([aws.runningTask(), aws.runningTask()]);
    const { local, made } = aws.world;
    mkdirSync(join(directory, "both"), { recursive: true });
    const keys = aws.keysFor({ task: tasks[0].id });
    const inputs = { cluster: made.cluster, forwards: `${target}\n${target}` };
    const seen: string[] = [];
    const { conclusion, steps } = await runJob({
      actionDir: "forward",
      workspace: directory,
      env: { ...local.env, ...keys, RUNNER_TRACKING_ID: "both", RUNNER_TEMP: join(directory, "both") },
      steps: [
        ...tasks.map(({ id }, at) => ({ id: `f${at}`, inputs: { ...inputs, task: id } })),
        {
          run: async (results) => {
            for (const [, { port, ports = "" }] of results) {
              const [first, second] = JSON.parse(ports) as number[];
              expect([String(first), await echo(port), await echo(String(second))]).toEqual([
                ...[port, "hello again", "hello again"],
              ]);
            }
            const pids = processesOf("both");
            for (const each of leftOf("both").filter((name) => typeof name === "string"))
              seen.push(readFileSync(join(directory, "both", each, "journal"), "utf8"));
            expect(pids).toHaveLength(2);
            for (const pid of pids)
              for (const file of ["environ", "cmdline"])
                seen.push(readFileSync(`/proc/${pid}/${file}`, "latin1"));
          },
        },
      ],
    });
    expect(conclusion).toBe("success");
    for (const text of seen) expect(text).not.toContain(keys["AWS_SECRET_ACCESS_KEY"]);
    for (const { result } of steps.values()) {
      expect(result?.annotations).toEqual([]);
      expect(result?.post?.annotations).toEqual([]);
      expect(result?.post?.log.join("\n")).toContain(
        "The forward carried 2 connections, 10 bytes there and 22 back, over 0 cuts.",
      );
      expect(await echo(result?.outputs["port"])).toBe("");
    }
    expect([leftOf("both"), tasks.map(openSessions)]).toEqual([[], [0, 0]]);
  },
);

itInSoak.concurrent("a far end that is not reached is named, and nothing is left", async () => {
  const closed = createServer().listen(0, "127.0.0.1");
  await once(closed, "listening");
  const { port } = closed.address() as AddressInfo;
  closed.close();
  const task = await aws.runningTask();
  const forwards = `${target}\n:127.0.0.1:${port}`;
  const { annotations, exitCode, post, outputs } = await start("refused", { task: task.id, forwards });
  expect([exitCode, outputs]).toEqual([1, {}]);
  const message = `The container can't reach 127.0.0.1:${port}.\nNothing listens at that port`;
  expect(annotations).toEqual([
    expect.objectContaining({
      title: "fargate-exec: container-refused",
      message: expect.stringContaining(message) as string,
    }),
  ]);
  expect([post?.annotations, leftOf("refused"), openSessions(task)]).toEqual([[], [], 0]);
});

itInSoak.concurrent(
  "a process that is killed closes its ports at once, and the post step says so and ends its session",
  async () => {
    const task = await aws.runningTask();
    const { post } = await start(
      "killed",
      { task: task.id, bucket: aws.world.made.bucket },
      {
        beforePost: async ({ port }) => {
          const socket = dial(port);
          await once(socket, "data");
          const end = brokenOff(socket);
          for (const pid of processesOf("killed")) process.kill(pid, "SIGKILL");
          expect(["ECONNRESET", "end"]).toContain(await end);
          expect([await echo(port), openSessions(task)]).toEqual(["", 1]);
        },
      },
    );
    expect(post?.annotations).toEqual([
      expect.objectContaining({
        level: "warning",
        message: expect.stringContaining("The process of the forward was gone before this step") as string,
      }),
    ]);
    expect(post?.log.join("\n")).toMatch(/Ending session ecs-execute-command-.*Giving back the claim/s);
    expect([leftOf("killed"), openSessions(task)]).toEqual([[], 0]);
  },
);

itInSoak.concurrent("a forward ends by itself when the runner's own process is gone", async () => {
  const task = await aws.runningTask();
  // It stands for the runner's process: main is its child, and it ends with main.
  const worker = join(directory, "worker");
  writeFileSync(worker, `#!/bin/sh\n"${process.execPath}" "$@"\n`, { mode: 0o755 });
  const { exitCode } = await start(
    "orphan",
    { task: task.id },
    {
      node: worker,
      beforePost: async () => {
        await eventually(() => leftOf("orphan"), []);
        expect(openSessions(task)).toBe(0);
      },
    },
  );
  expect(exitCode).toBe(0);
});

itInSoak.concurrent("a cancel while it starts leaves nothing", async () => {
  const button = new AbortController();
  const inputs = { ...aws.newTask(), timeout: "1m" };
  const { conclusion, annotations, post } = await start("cancelled", inputs, {
    signal: button.signal,
    onLine: (line) => {
      if (line.includes("Forwarding into container")) button.abort();
    },
  });
  expect(conclusion).toBe("cancelled");
  expect(annotations.map(({ title }) => title)).toContain("fargate-exec: cancelled");
  expect([post?.annotations, leftOf("cancelled"), aws.startedAndAlive()]).toEqual([[], [], []]);
});

itInSoak.concurrent(
  "each forward takes another task of a service, and goes on in another when its task is replaced",
  async () => {
    await scaleService(aws, 2);
    const { made, ecs, local } = aws.world;
    const service = { service: made.service };
    let task: string | undefined;
    const refused: StepResult[] = [];
    const replaceTask = async (port: string | undefined): Promise<void> => {
      const socket = dial(port);
      await once(socket, "data");
      const end = brokenOff(socket);
      await ecs.send(new StopTaskCommand({ cluster: made.cluster, task }));
      // What a gateway does when the agent is gone. Without it the forward notices by the silence, 15 s later.
      const session = local.gateway.sessions.findLast(({ target: of }) => of.includes(task ?? ""))?.sessionId;
      await local.inject({ session: { do: "close", session: session ?? "" } });
      expect(await end).toBe("ECONNRESET");
      await eventually(() => echo(port), "hello again");
    };
    let ended: StepResult | undefined;
    const { post } = await start("first", service, {
      onLine: (line) => (task ??= /Forwarding into container 'app' of task (\w+)/.exec(line)?.[1]),
      beforePost: async ({ port }) => {
        ended = await start("second", service, {
          beforePost: async () => {
            refused.push(await start("third", { ...service, "queue-timeout": "1s" }));
            await replaceTask(port);
            for (const pid of processesOf("second")) process.kill(pid, "SIGTERM");
            await eventually(() => processesOf("second"), []);
          },
        });
        expect(ended.exitCode).toBe(0);
      },
    });
    expect(refused.flatMap(({ annotations }) => annotations)).toEqual([
      expect.objectContaining({
        title: "fargate-exec: container-busy",
        message: expect.stringContaining("'start: true' with 'service'") as string,
      }),
    ]);
    expect(ended?.post?.annotations).toEqual([
      expect.objectContaining({
        level: "warning",
        message: expect.stringContaining("another process sent SIGTERM to its own") as string,
      }),
    ]);
    expect(post?.annotations).toEqual([]);
    expect(post?.log.join("\n")).toMatch(/takes no session any more.*that were reset: 1\./s);
  },
);
