import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Aws, pidOf, processes } from "../helpers/local.ts";
import { itInSoak } from "../helpers/every-nth.ts";
import { eventually } from "../helpers/until.ts";

/** How long a role session lasts here. A longer job needs another one. */
const SESSION_SECONDS = 12;
const JOB_SECONDS = 20;

let aws: Aws;

beforeAll(async () => {
  aws = await Aws.start({ roleSessionSeconds: SESSION_SECONDS });
  const { local, made } = aws.world;
  const policies = aws.rights.caller({ ...aws.newTask(), bucket: made.bucket });
  local.iam.principals.setRole(made.deployRole.split("/").at(-1) ?? "", policies);
});
afterAll(() => aws.stop());

/** An environment without keys, as in a job without `configure-aws-credentials`. */
const withoutKeys = { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "", AWS_EC2_METADATA_DISABLED: "true" };
const long = `echo begun; i=0; while [ $i -lt ${JOB_SECONDS} ]; do sleep 1; i=$((i+1)); echo $i; done; echo ended`;
const mark = (name: string): string => `exec 9<&0; MARK=${name}; echo begun; sleep 600; echo $MARK`;

describe("a job that outlives the keys of its step", () => {
  it.concurrent("succeeds when the step assumes its role itself, and leaves nothing", async () => {
    const { local, made } = aws.world;
    const inputs = { "role-to-assume": made.deployRole, bucket: made.bucket, run: long };
    let session = "";
    const onLine = (line: string): void => {
      session = /^Session ([\w-]+)[.,]/.exec(line)?.[1] ?? session;
      // The calls that follow need keys of a later session.
      if (line === String(SESSION_SECONDS + 2)) local.gateway.end(session, "");
    };
    const env = { ...withoutKeys, ...local.idTokenEnv };
    const result = await aws.step({ ...aws.newTask(), ...inputs }, { env, onLine });
    expect(result).toMatchObject({ conclusion: "success", outputs: { "exit-code": "0" } });
    expect(result.outputs["stdout"]).toMatch(/^begun\n1\n.*\nended$/s);
    expect(result.post?.annotations).toEqual([]);
    // Other tests of this file assume the role, too, the forward with the number of another run.
    const assumed = aws.calls("AssumeRoleWithWebIdentity", "fargate-exec-9876543210");
    expect(assumed.length).toBeGreaterThan(1);
    for (const { body } of assumed) {
      expect(body).toMatchObject({ RoleSessionName: "fargate-exec-9876543210", RoleArn: made.deployRole });
      const token = (body as { WebIdentityToken: string }).WebIdentityToken;
      expect(result.rawLog.join("\n")).not.toContain(token);
    }
    expect(aws.taskOf(result).desiredStatus).toBe("STOPPED");
  });

  itInSoak.concurrent(
    "is cleaned up by the post step, which assumes the role again, when main was killed",
    async () => {
      const { local, made } = aws.world;
      const name = "killed-with-a-role";
      let task = "";
      const onLine = (line: string): void => {
        task = /arn:aws:ecs:[^ ]*:task\/[\w/-]+/.exec(line)?.[0] ?? task;
        const pid = line === "begun" ? pidOf(name) : undefined;
        if (pid !== undefined) process.kill(pid, "SIGKILL");
      };
      const result = await aws.step(
        {
          ...{ ...aws.newTask(), "role-to-assume": made.deployRole, bucket: made.bucket },
          ...{ env: `MARK=${name}`, run: mark("four") },
        },
        { env: { ...withoutKeys, ...local.idTokenEnv }, onLine },
      );
      expect(result.conclusion).toBe("failure");
      expect(result.post).toMatchObject({ conclusion: "success", annotations: [] });
      expect(result.post?.log.join("\n")).toContain(`Stopping task ${task}`);
      await eventually(() => local.tasks.find(({ arn }) => arn === task)?.desiredStatus, "STOPPED");
    },
  );

  itInSoak.concurrent(
    "goes on beside later steps when it is a forward whose process assumes the role",
    async () => {
      const { local, made } = aws.world;
      const far = createServer((_, response) => response.end("reached")).listen(0, "127.0.0.1");
      await once(far, "listening");
      const task = await aws.runningTask();
      const forwards = `:127.0.0.1:${(far.address() as AddressInfo).port}`;
      const env = { ...withoutKeys, ...local.idTokenEnv, RUNNER_TRACKING_ID: "renewed", GITHUB_RUN_ID: "42" };
      const { exitCode, post } = await aws.step(
        { task: task.id, forwards, "role-to-assume": made.deployRole },
        {
          env,
          beforePost: async ({ port }) => {
            const reached = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/`)).text();
            expect(await reached()).toBe("reached");
            // The calls for the next session need keys of a later session of the role.
            await sleep((SESSION_SECONDS + 1) * 1_000);
            const session = local.gateway.sessions.findLast(({ target }) => target.includes(task.id));
            local.gateway.end(session?.sessionId ?? "", "");
            expect(await reached()).toBe("reached");
          },
        },
      );
      far.close();
      expect([exitCode, post?.annotations]).toEqual([0, []]);
      expect(post?.log.join("\n")).toContain("over 1 cut.");
      const own = aws
        .calls("AssumeRoleWithWebIdentity")
        .filter(({ body }) => (body as { RoleSessionName: string }).RoleSessionName === "fargate-exec-42");
      expect(own.length).toBeGreaterThanOrEqual(2);
    },
  );

  itInSoak.concurrent("succeeds when a provider of the SDK renews the keys", async () => {
    const inputs = { ...aws.newTask(), run: long };
    const provider = createServer((_, response) => {
      void aws.sessionFor(inputs, SESSION_SECONDS).then((keys) =>
        response.end(
          JSON.stringify({
            AccessKeyId: keys["AWS_ACCESS_KEY_ID"],
            SecretAccessKey: keys["AWS_SECRET_ACCESS_KEY"],
            Token: keys["AWS_SESSION_TOKEN"],
            Expiration: new Date(Date.now() + SESSION_SECONDS * 1000).toISOString(),
          }),
        ),
      );
    });
    await new Promise<void>((resolve) => provider.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(provider.address() as AddressInfo).port}/`;
    try {
      const result = await aws.step(inputs, {
        env: { ...withoutKeys, AWS_CONTAINER_CREDENTIALS_FULL_URI: url },
      });
      expect(result).toMatchObject({ conclusion: "success", outputs: { "exit-code": "0" } });
      expect(aws.taskOf(result).desiredStatus).toBe("STOPPED");
    } finally {
      provider.close();
    }
  });

  itInSoak.concurrent(
    "is stopped together with its task where nothing renews the keys, and the step fails",
    async () => {
      const { local } = aws.world;
      const run = `trap 'echo told; exit 0' TERM; ${mark("one")} & wait`;
      const inputs = { ...aws.newTask(), timeout: "2h", run };
      const keys = await aws.sessionFor(inputs, 3600);
      const result = await aws.step(inputs, {
        env: keys,
        onLine: (line) => (line === "begun" ? local.expireKeys(keys) : undefined),
      });
      expect(result).toMatchObject({
        conclusion: "failure",
        outputs: { outcome: "unknown", "exit-code": "" },
      });
      const errors = result.annotations.filter(({ level }) => level === "error");
      expect(errors).toMatchObject([{ title: "fargate-exec: no-credentials" }]);
      for (const words of [
        "ExpiredTokenException",
        "has stopped, and its task was told to end",
        "'role-to-assume'",
      ])
        expect(errors[0]?.message).toContain(words);
      expect(result.outputs["stdout"]).toBe("begun\ntold");
      const warnings = result.annotations
        .filter(({ level }) => level === "warning")
        .map(({ message }) => message);
      expect(warnings.filter((words) => words.includes("'timeout' is 120 minutes"))).toHaveLength(1);
      expect(warnings.some((words) => words.includes("the task is left running"))).toBe(true);
      // StopTask was refused, but the container was ended from inside.
      await eventually(() => aws.taskOf(result).lastStatus === "STOPPED", true);
    },
  );

  itInSoak.concurrent(
    "is stopped as soon as the keys are known to have ended, and its task goes on",
    async () => {
      const { local } = aws.world;
      const task = await aws.runningTask();
      const inputs = { task: task.id, run: mark("two") };
      const keys = await aws.sessionFor(inputs, 3600);
      const end = new Date(Date.now() + 5_000).toISOString();
      const result = await aws.step(inputs, {
        env: { ...keys, AWS_CREDENTIAL_EXPIRATION: end },
        onLine: (line) => (line === "begun" ? local.expireKeys(keys) : undefined),
      });
      expect(result).toMatchObject({ conclusion: "failure", outputs: { outcome: "unknown" } });
      expect(result.annotations.map(({ message }) => message).join("\n")).toContain("and has stopped.");
      expect(result.annotations.map(({ message }) => message).join("\n")).toContain(`end at ${end}`);
      const left = (): string[] => processes(task).map(({ command }) => command);
      await eventually(() => left().some((command) => command.includes("sleep 600 ")), false);
      expect(task.desiredStatus).toBe("RUNNING");
    },
  );

  const outlived = [
    ["its session ends, too", {}, "begun"],
    [
      "S3 carries its output and no session is open, as does its task,",
      { logs: "bucket" },
      "The output comes by S3 ",
    ],
  ] as const;
  itInSoak.concurrent.each(outlived)("goes on where %s, and the message says so", async (_, by, moment) => {
    const { local, made } = aws.world;
    const isOwn = "logs" in by;
    const running = isOwn ? undefined : await aws.runningTask();
    const where =
      running === undefined ? { ...aws.newTask(), ...by, bucket: made.bucket } : { task: running.id };
    const inputs = { timeout: "10m", ...where, run: mark("three") };
    const keys = await aws.sessionFor(inputs, 3600);
    const mine = (): string[] =>
      local.gateway.sessions
        .filter(({ target }) => target.includes(running?.id ?? "none"))
        .map(({ sessionId }) => sessionId);
    const result = await aws.step(inputs, {
      env: keys,
      onLine: (line) => {
        if (!line.startsWith(moment)) return;
        local.expireKeys(keys);
        if (moment === "begun")
          for (const id of mine()) local.gateway.end(id, "Session ended by the service.");
      },
    });
    expect(result).toMatchObject({
      conclusion: "failure",
      outputs: { outcome: "unknown", "exit-code": "", stdout: "begun" },
    });
    const errors = result.annotations.filter(({ level }) => level === "error");
    expect(errors).toMatchObject([{ title: "fargate-exec: no-credentials" }]);
    expect(errors[0]?.message).toMatch(
      /The job goes on in container 'app' of task \w+, until it ends or its 'timeout' stops it at 20/,
    );
    const said = result.annotations.map(({ message }) => message).join("\n");
    expect(said).toContain(isOwn ? "the task is left running" : "The job goes on in its container");
    expect(said).not.toContain("is told to stop");
    const task = running ?? aws.taskOf(result);
    expect(task.lastStatus).toBe("RUNNING");
    expect(processes(task).some(({ command }) => command.includes("sleep 600"))).toBe(true);
  });
});

itInSoak("a successful step warns of the task that it could not stop any more", async () => {
  const { local } = aws.world;
  const inputs = { ...aws.newTask(), timeout: "30m", run: "echo begun; sleep 1" };
  const keys = await aws.sessionFor(inputs, 3600);
  const result = await aws.step(inputs, {
    env: keys,
    onLine: (line) => (line === "begun" ? local.expireKeys(keys) : undefined),
  });
  expect(result.outputs).toMatchObject({ outcome: "succeeded" });
  const [warning] = result.annotations;
  expect(warning).toMatchObject({ level: "warning" });
  for (const words of [aws.taskOf(result).arn, "is left running", "aws ecs stop-task"])
    expect(warning?.message).toContain(words);
  await aws.taskOf(result).destroy();
});
