import { writeFileSync } from "node:fs";
import { CreateClusterCommand } from "@aws-sdk/client-ecs";
import { FIRST_READ_MS } from "../../local/agent/pty.ts";
import type { StepResult } from "../../local/runner/step.ts";
import type { Task } from "../../local/task/task.ts";
import { Aws, type Inputs, jobLog, mainLog, pidOf, type StepOptions, withoutInit } from "../helpers/local.ts";
import { until } from "../helpers/until.ts";

let aws: Aws;
let definition: string;
beforeAll(async () => {
  aws = await Aws.start({ delays: { firstRead: FIRST_READ_MS } });
  definition = await aws.register("lost", [withoutInit]);
});
afterAll(() => aws.stop());

/**
 * Runs a step in this task, and kills its process once its log has such a line, by default the script's word `begun`: no
 * cleanup, no post. The session goes on without a client, or the service ends it.
 */
async function lose(
  task: Task,
  inputs: Inputs,
  session: "goes on" | "is ended",
  { at = /^begun$/, lacks = [] }: { readonly at?: RegExp } & Pick<StepOptions, "lacks"> = {},
): Promise<void> {
  let killed = false;
  const lost = aws.step(
    { task: task.id, ...inputs },
    {
      lacks,
      onLine: (line) => {
        const pid = at.test(line) && !killed ? pidOf(task.id) : undefined;
        if (pid === undefined) return;
        killed = true;
        process.kill(pid, "SIGKILL");
      },
      // The runner is gone, too.
      beforePost: () => Promise.reject(new Error("the engine was killed")),
    },
  );
  await expect(lost).rejects.toThrow("the engine was killed");
  expect(killed).toBe(true);
  const { sessionId = "" } =
    aws.world.local.gateway.sessions.find(({ target }) => target.includes(task.id)) ?? {};
  if (session === "is ended") await aws.world.local.inject({ session: { do: "close", session: sessionId } });
}

const runNext = (task: Task, inputs: Inputs = {}, options: StepOptions = {}): Promise<StepResult> =>
  aws.step({ task: task.id, run: "cat /dev/shm/trace; echo mine >>/dev/shm/trace", ...inputs }, options);

/** A script that records when it begins and ends, so that the record shows any script that runs in between. It ends after `letGo`. */
const TRACED = `echo begun; echo 'lost begins' >/dev/shm/trace
  until [ -e /dev/shm/go ]; do sleep 0.5; done; echo 'lost ends' >>/dev/shm/trace`;

function letGo(task: Task): void {
  writeFileSync(`/proc/${task.containers[0]?.handle?.pid ?? 0}/root/dev/shm/go`, "");
}

/** Lets the lost job go once the waiting step says that it waits. */
const lettingGo = (task: Task): StepOptions => ({
  onLine: (line) => {
    if (line.includes("still runs in this container")) letGo(task);
  },
});

it.concurrent(
  "the next run waits for a job whose runner was killed, and says so; where it outlasts 'queue-timeout' it keeps the run from starting, and the error names the job",
  async () => {
    const task = await aws.runningTask(definition);
    await lose(task, { run: TRACED }, "is ended");
    const late = await runNext(task, { "queue-timeout": "5s" });
    expect(late.outputs).toMatchObject({ outcome: "not-started", "exit-code": "" });
    expect(late.annotations[0]?.title).toContain("container-busy");
    expect(late.annotations[0]?.message).toMatch(
      /in use by a job of https:\S+ since .* whose runner is lost/,
    );
    const result = await runNext(task, {}, lettingGo(task));
    expect(result.conclusion).toBe("success");
    expect(jobLog(result)).toEqual(["lost begins", "lost ends"]);
    expect(mainLog(result).join("\n")).toMatch(
      /A job of https:\/\/\S+\/actions\/runs\/\d+ still runs in this container, begun at \d\d:\d\d:\d\d UTC, and its runner is lost\./,
    );
  },
);

const UNLOGGED = "unlogged";
/** The line by which a step tells that ECS has made its session, before it connects to it. */
const SESSION_MADE = /^Session ecs-execute-command-/;

it.concurrent(
  "without a bucket the session of a killed client whose script prints more than a terminal holds, and on, keeps only the first later run waiting, and is ended",
  async () => {
    const task = await aws.runningTask(definition);
    // Output without a client: the gateway pauses the agent, which then sees no end of the session's command.
    const noisy = `echo begun; echo 'lost begins' >/dev/shm/trace; sleep 1; seq 100000
      until [ -e /dev/shm/go ]; do echo more; sleep 0.2; done; echo 'lost ends' >>/dev/shm/trace`;
    await lose(task, { run: noisy }, "goes on");
    const first = await runNext(task, {}, lettingGo(task));
    expect(first.conclusion).toBe("success");
    expect(jobLog(first)).toEqual(["lost begins", "lost ends"]);
    await until(() =>
      aws.world.local.gateway.sessions.every(({ target, ended }) => ended || !target.includes(task.id)),
    );
    const second = await runNext(task, { run: "echo second" });
    expect(jobLog(second)).toEqual(["second"]);
    expect(mainLog(second).join("\n")).not.toContain("in use by session");
  },
);

it.concurrent(
  "two clients that were killed before they delivered their scripts don't keep the agent's places",
  async () => {
    // Where sessions have logs, a run that sees no sessions waits longer, for the logs of others.
    const configuration = { executeCommandConfiguration: { logging: "NONE" as const } };
    await aws.world.ecs.send(new CreateClusterCommand({ clusterName: UNLOGGED, configuration }));
    const task = await aws.runningTask(undefined, UNLOGGED);
    const blind = { lacks: ["caller-without-bucket"] } as const;
    for (let lost = 0; lost < 2; lost += 1)
      await lose(task, { cluster: UNLOGGED, run: "echo never" }, "goes on", { at: SESSION_MADE, ...blind });
    const next = await runNext(task, { cluster: UNLOGGED, run: "echo mine" }, blind);
    expect(jobLog(next)).toEqual(["mine"]);
  },
);
