import { notOwned } from "../src/aws/bucket-refusals.ts";
import { failureOf } from "../src/aws/failures.ts";
import {
  clusterNotFound,
  networkRequired,
  serviceNotFound,
  taskDefinitionNotFound,
  taskNotFound,
} from "../src/aws/missing.ts";
import { roleNotAssumed } from "../src/aws/role-failures.ts";
import type { Call } from "../src/aws/thrown.ts";
import { messageWithOptions } from "../src/doors/cli/lacking-options.ts";
import {
  deploymentEnded,
  deploymentNotFound,
  deploymentReplaced,
  deploymentTooEarly,
  hookExpired,
  hookNotConfigured,
  hookNotReached,
} from "../src/targets/deployment/failures.ts";
import { asFailure, Failure, FAILURE_CODES, type FailureCode, TaskStopped } from "../src/errors.ts";
import { failureOfEnd } from "../src/carriers/failures.ts";
import { refusalFailure } from "../src/carriers/refusals.ts";
import { inputNames } from "../src/inputs/names.ts";
import { badInput, noRegion } from "../src/inputs/refusals.ts";
import { lockBusy, lockLost } from "../src/queue/lock/failures.ts";
import { payloadFile } from "../src/payload/container-files.ts";
import { checkBucketIsGiven, containerBusy } from "../src/queue/failures.ts";
import { readIdToken } from "../src/doors/program/id-token.ts";
import { containerBlocked, execAgentStopped, execNotEnabled, execNotReady } from "../src/ready/advice.ts";
import { unansweredCheck } from "../src/ready/checks/check.ts";
import { holdEnded } from "../src/ready/hold-ended.ts";
import { lookAtCluster } from "../src/ready/session-logs.ts";
import { taskStopped } from "../src/ready/stopped.ts";
import { judgeTask } from "../src/ready/verdict.ts";
import { waitUntilReady } from "../src/ready/wait.ts";
import { artifactsMissing } from "../src/report/missing-artifacts.ts";
import { explain } from "../src/report/explain.ts";
import { checkResult } from "../src/report/result.ts";
import { cancelFailure } from "../src/run/step/cancelled.ts";
import { refuseAwaited } from "../src/targets/definitions/held-definition.ts";
import { containerAmbiguous, containerNotFound, noRunningTask } from "../src/targets/failures.ts";
import { refuseWindows } from "../src/targets/windows.ts";
import { encryptionMismatch, sessionLost, streamUrlRefused } from "../src/session/transport/failures.ts";
import { WaitLines } from "../src/waiting.ts";
import { expectGolden } from "./helpers/golden.ts";
import { Listener } from "./helpers/listener.ts";
import { SleeplessClock } from "./helpers/stepped-clock.ts";
import { aContainer, aDefinition, aTask, CLUSTER, ID, TASK } from "./helpers/tasks.ts";
import { thrownBy } from "./helpers/thrown.ts";

const OF_SERVICE = aTask({ group: "service:web" });
const SEEN = "This was seen.";

const deployment = {
  ...{ arn: "arn:aws:ecs:eu-central-1:123456789012:service-deployment/prod/web/1", status: "IN_PROGRESS" },
  ...{
    createdAt: 0,
    serviceArn: "web",
    statusReason: undefined,
    stage: "PRE_SCALE_UP",
    revisionArn: undefined,
  },
  ...{ sourceRevisionArns: [], pauseHooks: [], hooks: [] },
} as unknown as Parameters<typeof hookExpired>[0];

function ofAws(name: string, message: string, more: Partial<Call> = {}): Failure {
  const call: Call = {
    service: "ecs",
    action: "ecs:RunTask",
    resource: "task definition 'web:3'",
    region: "eu-central-1",
    ...more,
  };
  return asFailure(failureOf(Object.assign(new Error(message), { name, $metadata: {} }), call));
}
const ofBucket = (name: string): Failure =>
  ofAws(name, "No.", { service: "s3", action: "s3:ListBucket", resource: "bucket 'b'", bucket: "b" });

const refusal = (kind: Parameters<typeof refusalFailure>[0]): Failure =>
  refusalFailure(kind, "it can't", "container 'app'");

async function rejected(run: Promise<unknown>): Promise<Failure> {
  return await run.then(
    () => {
      throw new Error("it did not fail");
    },
    (error: unknown) => error as Failure,
  );
}

function neverReady(): Promise<Failure> {
  const clock = new SleeplessClock();
  const lines = new WaitLines({ clock, log: new Listener() });
  const ecs = {
    describeTask: () =>
      Promise.resolve(aTask({ lastStatus: "PENDING", containers: [aContainer({ lastStatus: "PENDING" })] })),
  };
  const target = { clusterArn: CLUSTER, taskArn: TASK, taskId: ID, container: "app", started: true };
  return rejected(
    waitUntilReady(target, clock.now() + 10_000, { ecs, clock, lines, signal: undefined, random: () => 0 }),
  );
}

/** A failure of each code, as its own maker words it. A step gives `check-failed` no failure: its rows are its message. */
const EACH_FAILURE: Readonly<Record<Exclude<FailureCode, "check-failed">, () => Failure | Promise<Failure>>> =
  {
    "bad-input": () => badInput("tasks", "a number", "'x'"),
    "no-credentials": () => ofAws("ExpiredTokenException", "The token is expired."),
    "no-id-token": () => rejected(readIdToken({})),
    "role-not-assumed": () =>
      roleNotAssumed(
        { arn: "arn:aws:iam::123456789012:role/ci", setting: "'role-to-assume'", token: "x.e30.y" },
        Object.assign(new Error("No."), { name: "AccessDenied" }),
      ),
    "no-region": noRegion,
    "access-denied": () =>
      ofAws("AccessDeniedException", "User: x is not authorized to perform: ecs:RunTask"),
    throttled: () => ofAws("ThrottlingException", "Rate exceeded"),
    "aws-error": () => ofAws("ServerException", "Service Unavailable"),
    "aws-unreachable": () => ofAws("TimeoutError", "It took too long."),
    "cluster-not-found": () => clusterNotFound("prod", "eu-central-1", SEEN),
    "service-not-found": () => serviceNotFound("web", "prod", SEEN),
    "task-not-found": () => taskNotFound(ID, "prod", SEEN),
    "task-definition-not-found": () => taskDefinitionNotFound("web", SEEN),
    "container-not-found": () => containerNotFound("app", "task 'x'", ["web"]),
    "container-ambiguous": () => containerAmbiguous("task 'x'", ["web", "log"], "Both are essential."),
    "no-running-task": () => noRunningTask("web", "prod", SEEN),
    "network-required": () => networkRequired("web:3", SEEN),
    "windows-task": () => thrownBy(() => refuseWindows("WINDOWS_SERVER_2022_CORE", "task 'x'")) as Failure,
    "hold-awaited": () =>
      thrownBy(() => {
        const waits = { waitsFor: [{ container: "app", condition: "COMPLETE" }], name: "log" };
        refuseAwaited(aDefinition([{ name: "app" }, waits]), "app", "task definition 'web'");
      }) as Failure,
    "hold-ended": () => {
      const stopped = new TaskStopped(
        "task-stopped",
        { failed: "It stopped.", seen: SEEN, advice: "" },
        {
          ...{
            stopCode: "EssentialContainerExited",
            isForCapacity: false,
            isThrottled: false,
            isForAddress: false,
          },
          ...{ isByPlatform: false, containers: [{ name: "app", exitCode: 1 }] },
        },
      );
      return holdEnded(stopped, { container: "app", taskId: ID }, "It may not be registered.", undefined);
    },
    "exec-not-enabled": () => execNotEnabled(OF_SERVICE),
    "exec-agent-stopped": () => execAgentStopped(OF_SERVICE, aContainer()),
    "exec-not-ready": () => execNotReady("app", OF_SERVICE, 60, SEEN),
    "bucket-needed": () =>
      thrownBy(() => {
        const where = { kind: "task", task: ID } as const;
        checkBucketIsGiven({ bucket: undefined, where, matrix: { index: 0, total: 12, atOnce: 12 } });
      }) as Failure,
    "container-busy": () => containerBusy("app", ID, 60, "in use by another run"),
    "container-blocked": () =>
      containerBlocked("app", TASK, 60, {
        agent: "RUNNING",
        others: "There is none.",
        areOthers: "seen",
        choice: "task",
      }),
    "lock-busy": () => lockBusy("deploy", 60, "held by another run"),
    "lock-lost": () => lockLost("deploy", SEEN),
    "deployment-not-found": () => deploymentNotFound("of service 'web'", SEEN),
    "deployment-too-early": () => deploymentTooEarly(deployment),
    "deployment-replaced": () => deploymentReplaced(deployment, "another"),
    "deployment-ended": () => deploymentEnded(deployment),
    "hook-not-configured": () => hookNotConfigured(deployment),
    "hook-not-reached": () => hookNotReached(deployment, 60),
    "hook-expired": () => hookExpired(deployment),
    "task-not-started": () =>
      taskStopped(
        aTask({
          ...{ lastStatus: "STOPPED", stopCode: "TaskFailedToStart", startedAt: undefined },
          stoppedReason: "CannotPullContainerError: dial tcp: i/o timeout",
        }),
      ),
    "task-stopped": () => taskStopped(aTask({ lastStatus: "STOPPED", stopCode: "EssentialContainerExited" })),
    "container-stopped": () => {
      const verdict = judgeTask(
        aTask({ containers: [aContainer({ lastStatus: "STOPPED", exitCode: 1 })] }),
        "app",
      );
      if (verdict.kind !== "never") throw new Error("a stopped container is ready");
      return verdict.failure;
    },
    "bucket-not-found": () => ofBucket("NoSuchBucket"),
    "bucket-elsewhere": () => ofBucket("PermanentRedirect"),
    "bucket-not-owned": () => notOwned("b", "123456789012", ofBucket("AccessDenied")),
    "session-refused": () => streamUrlRefused("s-1", "it is no host of AWS"),
    "session-lost": () => sessionLost("s-1", SEEN),
    "encryption-mismatch": () => encryptionMismatch("s-1", SEEN),
    "download-failed": () => refusal("download"),
    "container-refused": () => refusal("echo"),
    "no-shell": () =>
      failureOfEnd(
        {
          kind: "ended",
          end: { kind: "closed", text: "Unable to start command: /bin/sh" },
          attached: false,
        } as never,
        { container: "app", taskId: ID },
        "s-1",
      ),
    "user-not-found": () => refusal("user"),
    "working-directory-not-found": () => refusal("directory"),
    "shell-not-found": () => refusal("shell"),
    "files-not-placed": () => refusal("files"),
    "artifacts-missing": () => artifactsMissing({ problems: ["No file matches 'out/**'."] }),
    "no-status": () => refusal("lost"),
    "job-gone": () => refusal("ended"),
    "job-followed": () => refusal("followed"),
    "logs-not-configured": () => {
      const cluster = { arn: CLUSTER, exec: { logging: "NONE" } };
      const ecs = { describeCluster: () => Promise.resolve(cluster as never) };
      return rejected(lookAtCluster("prod", { ecs, log: new Listener(), wanted: "cloudwatch" }));
    },
    "timed-out": neverReady,
    cancelled: () => cancelFailure("SIGINT came."),
    "action-incomplete": () => thrownBy(() => payloadFile("main.sh", "/nowhere")) as Failure,
    "internal-error": () => asFailure(new TypeError("no such thing")),
  };

/** What the user of a program can do nothing with. */
const OF_WORKFLOWS =
  /workflow(?!-commands)|action\.yml|configure-aws-credentials|GitHub(?!usercontent)|strategy\.|'concurrency'|\$\{\{|debug logging|permissions:|'env:'|'with:'|this action/i;

const page = "https://example.com/errors.md";

/** The command 'run', which has each input as an option. */
const RUN = { names: inputNames, help: undefined };

interface Rendered {
  readonly workflow: string;
  readonly commandLine: string;
}

async function render(code: (typeof FAILURE_CODES)[number]): Promise<Rendered> {
  if (code === "check-failed") {
    const denied = await EACH_FAILURE["no-credentials"]();
    const result = checkResult([unansweredCheck("credentials", denied, { required: true })]);
    const [workflow, program] = (["workflow", "program"] as const).map((reader) =>
      explain(result, { reader, page, timeout: undefined, scriptFile: undefined }),
    );
    return { workflow: workflow?.message ?? "", commandLine: messageWithOptions(program?.parts ?? [], RUN) };
  }
  const failure = await EACH_FAILURE[code]();
  expect(failure).toBeInstanceOf(Failure);
  expect(failure.code).toBe(code);
  return {
    workflow: failure.messageFor("workflow"),
    commandLine: messageWithOptions(failure.messageParts("program"), RUN),
  };
}

const all: (readonly [string, Rendered])[] = [];
beforeAll(async () => {
  for (const code of FAILURE_CODES) all.push([code, await render(code)]);
});

it("each code reads in a workflow and on the command line as in the golden file", () => {
  const texts = all.map(([code, { workflow, commandLine }]) =>
    workflow === commandLine
      ? `## ${code}\n\nboth:\n${workflow}\n`
      : `## ${code}\n\nworkflow:\n${workflow}\n\ncommand line:\n${commandLine}\n`,
  );
  expectGolden("errors.txt", texts.join("\n"));
});

it("no code speaks of workflows on the command line, nor names an input where it has options", () => {
  const names = inputNames.join("|");
  const asInput = new RegExp(`\\b[Ii]nputs? '(${names})'|'(${names}): [^']*'`);
  for (const [code, { commandLine }] of all) {
    expect([code, OF_WORKFLOWS.exec(commandLine)?.[0]]).toEqual([code, undefined]);
    expect([code, asInput.exec(commandLine)?.[0]]).toEqual([code, undefined]);
  }
});

it("each code says in each surroundings what failed, what was seen and what to do, in at most twelve lines", () => {
  for (const [code, texts] of all)
    for (const text of Object.values(texts) as string[]) {
      const lines = text.split("\n");
      expect([code, lines.length >= 3 && lines.length <= 12]).toEqual([code, true]);
      expect([code, lines.filter((line) => line.trim() === "")]).toEqual([code, []]);
    }
});
