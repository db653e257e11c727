import type { ExecConfiguration } from "../../src/aws/ecs.ts";
import { EncryptionRefused, Failure } from "../../src/errors.ts";
import { diagnose, type DiagnoseContext } from "../../src/ready/diagnose.ts";
import { target } from "../helpers/resolving.ts";
import { Listener } from "../helpers/listener.ts";
import { aNetwork } from "../helpers/network.ts";
import { aContainer, aDefinition, aTask } from "../helpers/tasks.ts";

const parts = { failed: "f.", seen: "s.", advice: "a." };
const failure = (code: Failure["code"]) => new Failure(code, parts);
const denied = () => Promise.reject(new Failure("access-denied", { ...parts, seen: "Denied." }));
const exec: ExecConfiguration = {
  ...{ logging: "OVERRIDE", kmsKeyId: "key-1", cloudWatchLogGroup: "/exec", cloudWatchEncryption: false },
  ...{ s3Bucket: "audit", s3Prefix: undefined, s3Encryption: false },
};

const noIam = { identifyCaller: () => Promise.reject(new Error("STS was asked")) };

let log: Listener;
let asked: unknown[];
beforeEach(() => {
  log = new Listener();
  asked = [];
});

/** A task in which all is in order, except for `more`. */
function context(more: Partial<DiagnoseContext> = {}): DiagnoseContext {
  return {
    ecs: {
      describeTask: () => Promise.resolve(aTask()),
      describeTaskDefinition: () => Promise.resolve(aDefinition()),
    },
    ec2: aNetwork(),
    iam: {
      ...noIam,
      listDenied: (...question: unknown[]) => {
        asked.push(question);
        return Promise.resolve([]);
      },
    },
    exec: undefined,
    log,
    reader: "workflow",
    ...more,
  };
}
const lines = (state: string) => log.lines.filter((line) => line.startsWith(`  ${state}`));

it("prints every check, and adds to the failure that nothing is wrong", async () => {
  const found = await diagnose(failure("exec-not-ready"), target, context());
  expect(log.lines[0]).toBe(`What ECS Exec needs, in container 'app' of task ${target.taskId}:`);
  expect(lines("OK")).toHaveLength(13);
  expect(log.lines).toHaveLength(14);
  expect(found).toMatchObject({
    code: "exec-not-ready",
    seen: "s. Checks: nothing wrong that can be seen.",
    advice: "a.",
  });
});

it("adds what is wrong to what was seen, and puts its fix before the advice", async () => {
  const ecs = {
    ...context().ecs,
    describeTaskDefinition: () => Promise.resolve(aDefinition([{ readonlyRootFilesystem: true }])),
  };
  const found = await diagnose(failure("exec-agent-stopped"), target, context({ ecs }));
  expect(found.seen).toBe(
    "s. Checks: root file system NG (it is read-only, and the agent writes to /managed-agents, /var/lib/amazon/ssm, /var/log/amazon/ssm).",
  );
  expect(found.advice).toMatch(/^Set 'readonlyRootFilesystem' to false .* empty volumes .* a\.$/);
  expect(lines("NG")).toEqual([expect.stringMatching(/root file system: .*Set 'readonlyRootFilesystem'/)]);
});

it("of a container that took no session, what the checks found is the only advice", async () => {
  const ecs = {
    ...context().ecs,
    describeTaskDefinition: () => Promise.resolve(aDefinition([{ readonlyRootFilesystem: true }])),
  };
  const { advice } = await diagnose(failure("exec-not-ready"), target, context({ ecs }));
  expect(advice).toMatch(/^Set 'readonlyRootFilesystem' to false/);
  expect(advice).not.toMatch(/a\.$/);
});

it("names the cause alone: neither what only shows it, nor what is only good to have", async () => {
  const pending = aContainer({ execAgent: { status: "PENDING", reason: undefined } });
  const task = aTask({ containers: [pending] });
  const ecs = {
    describeTask: () => Promise.resolve(task),
    describeTaskDefinition: () => Promise.resolve(aDefinition([{ initProcessEnabled: false }])),
  };
  const lacks = ["ssmmessages:CreateControlChannel"];
  const iam = { ...noIam, listDenied: () => Promise.resolve(lacks) };
  const { seen, advice } = await diagnose(failure("exec-not-ready"), target, context({ ecs, iam }));
  expect(seen).toBe(
    "Checks: rights to ssmmessages NG (the task role lacks ssmmessages:CreateControlChannel).",
  );
  expect(advice).toBe(
    "Allow ssmmessages:CreateControlChannel on * in the policies of arn:aws:iam::123456789012:role/task.",
  );
  // The list in the log has them all.
  expect(lines("NG")).toHaveLength(3);
});

it("skips what it may not look at, which is no failure", async () => {
  const ecs = { ...context().ecs, describeTaskDefinition: denied };
  const ec2 = aNetwork({ describeNetworkInterface: denied });
  const iam = { ...noIam, listDenied: denied };
  const found = await diagnose(failure("exec-not-ready"), target, context({ ecs, ec2, iam }));
  expect(found.seen).toContain("nothing wrong that can be seen");
  expect(lines("SKIP").join("\n")).toMatch(/task role.*way to ssmmessages: not known: f\./s);
});

it.each(["task-stopped", "access-denied", "session-refused", "no-status"] as const)(
  "leaves a failure that has other reasons as it is: %s",
  async (code) => {
    const other = failure(code);
    expect(await diagnose(other, target, context())).toBe(other);
    expect(log.lines).toEqual([]);
  },
);

it("looks at a session that was refused for its encryption, and the failure keeps its class", async () => {
  const refused = new EncryptionRefused({ ...parts, seen: "encryption is not set up" });
  const found = await diagnose(refused, target, context());
  expect(found).toBeInstanceOf(EncryptionRefused);
  expect(found.seen).toContain("Checks:");
});

it("leaves the failure of a task that is gone as it is", async () => {
  const gone = failure("exec-not-ready");
  const ecs = { ...context().ecs, describeTask: () => Promise.resolve(undefined) };
  expect(await diagnose(gone, target, context({ ecs }))).toBe(gone);
});

it.each(["exec-not-ready", "exec-agent-stopped", "container-blocked"] as const)(
  "says of a task that is ending by now why it ends, and not what its exec agent lacks: %s",
  async (code) => {
    const stopping = aTask({ lastStatus: "DEACTIVATING", stopCode: "SpotInterruption" });
    const ecs = { ...context().ecs, describeTask: () => Promise.resolve(stopping) };
    expect(await diagnose(failure(code), target, context({ ecs }))).toMatchObject({
      code: "task-stopped",
      seen: expect.stringContaining("SpotInterruption") as string,
    });
    expect(log.lines).toEqual([]);
  },
);

it("rejects with the reason of a cancel", async () => {
  const cancelled = failure("cancelled");
  const ec2 = { ...context().ec2, describeNetworkInterface: () => Promise.reject(cancelled) };
  await expect(diagnose(failure("exec-not-ready"), target, context({ ec2 }))).rejects.toBe(cancelled);
});

describe("the task role", () => {
  it("is checked for all that the cluster's set-up needs of it", async () => {
    await diagnose(failure("exec-not-ready"), target, context({ exec }));
    const role = "arn:aws:iam::123456789012:role/task";
    const arn = "arn:aws";
    const place = "eu-central-1:123456789012";
    expect(asked).toEqual([
      [role, expect.arrayContaining(["ssmmessages:OpenDataChannel"]), ["*"], undefined],
      [role, ["kms:Decrypt"], [`${arn}:kms:${place}:key/key-1`], undefined],
      [
        role,
        expect.arrayContaining(["logs:PutLogEvents"]),
        [`${arn}:logs:${place}:log-group:/exec:log-stream:ecs-execute-command-*`],
        undefined,
      ],
      [role, ["s3:PutObject"], [`${arn}:s3:::audit/ecs-execute-command-*`], undefined],
    ]);
  });

  it("is reported when it lacks a right", async () => {
    const iam = { ...noIam, listDenied: () => Promise.resolve(["ssmmessages:OpenDataChannel"]) };
    const found = await diagnose(failure("exec-not-ready"), target, context({ iam }));
    expect(found.seen).toContain(
      "rights to ssmmessages NG (the task role lacks ssmmessages:OpenDataChannel)",
    );
    expect(found.advice).toContain("Allow ssmmessages:OpenDataChannel on *");
  });

  it("is not checked when the task has none", async () => {
    const definition = { ...aDefinition(), taskRoleArn: undefined };
    const ecs = { ...context().ecs, describeTaskDefinition: () => Promise.resolve(definition) };
    await diagnose(failure("exec-not-ready"), target, context({ ecs }));
    expect(asked).toEqual([]);
    expect(lines("NG")).toHaveLength(1);
  });
});
