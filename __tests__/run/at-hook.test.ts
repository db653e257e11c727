import { runAtHook } from "../../src/run/at-hook.ts";
import type { ServiceDeployment } from "../../src/aws/ecs.ts";
import { Failure } from "../../src/errors.ts";
import type { Result } from "../../src/report/result.ts";
import type { StepContext } from "../../src/run/step-context.ts";
import { cleanUp } from "../../src/undo/cleanup.ts";
import { Ledger } from "../../src/undo/ledger.ts";
import { Listener } from "../helpers/listener.ts";
import { anInputs } from "../helpers/runs.ts";
import { SleeplessClock } from "../helpers/stepped-clock.ts";

const ARN = "arn:aws:ecs:eu-west-1:123456789012:service-deployment/ci/web/abc";
const PAUSED: ServiceDeployment = {
  arn: ARN,
  serviceArn: "arn:aws:ecs:eu-west-1:123456789012:service/ci/web",
  status: "IN_PROGRESS",
  statusReason: undefined,
  stage: "POST_SCALE_UP",
  createdAt: 1,
  revisionArn: "revision",
  sourceRevisionArns: ["former"],
  pauseHooks: [{ stages: ["POST_SCALE_UP"], minutes: 600, timeoutAction: "ROLLBACK" }],
  hooks: [{ id: "h-1", status: "AWAITING_ACTION", expiresAt: undefined, timeoutAction: "ROLLBACK" }],
};

/**
 * A step at the hook of a deployment. `onVerdict` answers a verdict, and `describe` a look at the deployment. Once `cleanOnCancel` was
 * called, a cancel cleans up.
 */
function stepAtHook(
  onVerdict: (step: { readonly cancel: AbortController }) => Promise<"taken"> = () =>
    Promise.resolve("taken"),
  describe: (step: { readonly cancel: AbortController }) => ServiceDeployment = () => PAUSED,
) {
  const cancel = new AbortController();
  const log = new Listener();
  const ledger = new Ledger({ region: "eu-west-1", undo: [] }, () => undefined);
  const verdicts: { action: string; onRecord: string[] }[] = [];
  const revisions: string[] = [];
  const ecs = {
    describeServiceDeployment: () => Promise.resolve(describe({ cancel })),
    listServiceDeployments: () => Promise.resolve([PAUSED]),
    describeServiceRevision: (arn: string) => {
      revisions.push(arn);
      return Promise.resolve({ arn, taskDefinitionArn: `of ${arn}` });
    },
    continueServiceDeployment: ({ action }: { action: string }) => {
      verdicts.push({ action, onRecord: ledger.entries.map(({ kind }) => kind) });
      return onVerdict({ cancel });
    },
  };
  const step = {
    inputs: anInputs({ deployment: true, where: { kind: "service", service: "web" } as never }),
    aws: { ecs },
    undoing: { ecs, clients: {} },
    ...{ ledger, log, clock: new SleeplessClock(), cancel: cancel.signal },
  } as unknown as StepContext;
  const clean = (early: boolean) =>
    cleanUp(ledger, { aws: step.undoing as never, clock: step.clock, log, reason: "", early });
  let early: Promise<unknown> = Promise.resolve();
  const cleanOnCancel = () => {
    cancel.signal.addEventListener("abort", () => {
      early = clean(true);
    });
  };
  const finish = async () => {
    await early;
    await clean(false);
  };
  return { step, ledger, log, verdicts, revisions, cancel, clean, cleanOnCancel, finish };
}

const failed = { kind: "status", outcome: "failed", exitCode: 3 } as unknown as Result;
const good = { kind: "status", outcome: "succeeded", exitCode: 0 } as unknown as Result;
const SILENT = new Failure("aws-unreachable", { failed: "ECS does not answer.", seen: "", advice: "" });

it("ROLLBACK is on record for the post step until ECS has taken it", async () => {
  const { step, ledger, verdicts } = stepAtHook();
  expect(await runAtHook(step, () => Promise.resolve(failed))).toBe(failed);
  expect(verdicts).toEqual([{ action: "ROLLBACK", onRecord: ["hook"] }]);
  expect(ledger.entries).toEqual([]);
});

it("ROLLBACK stays on record when ECS has not taken it", async () => {
  const { step, ledger, log } = stepAtHook(() => Promise.reject(SILENT));
  await runAtHook(step, () => Promise.resolve(failed));
  expect(ledger.entries).toEqual([{ kind: "hook", deployment: ARN, hook: "h-1" }]);
  expect(log.lines.at(-1)).toMatch(
    /^warning: The deployment could not be told ROLLBACK\. ECS does not answer\./,
  );
});

it("ROLLBACK is told once to a deployment that waits no longer, also when the service's deployments may not be listed", async () => {
  const onVerdict = () => Promise.resolve({ refused: "It awaits no action." } as never);
  const { step, ledger, log, verdicts, finish } = stepAtHook(onVerdict, () =>
    verdicts.length === 0 ? PAUSED : { ...PAUSED, status: "STOPPED", hooks: [] },
  );
  step.aws.ecs.listServiceDeployments = () =>
    verdicts.length === 0 ? Promise.resolve([PAUSED]) : Promise.reject(SILENT);
  expect(await runAtHook(step, () => Promise.resolve(failed))).toBe(failed);
  expect(ledger.entries).toEqual([]);
  await finish();
  expect(verdicts.map(({ action }) => action)).toEqual(["ROLLBACK"]);
  expect(log.lines.join("\n")).toContain(`Deployment '${ARN}' waits for no verdict. It is STOPPED`);
});

it("on a cancel while ROLLBACK is being sent, it stays on record and the step itself logs no warning", async () => {
  const { step, ledger, log } = stepAtHook(({ cancel }) => {
    cancel.abort(new Error("cancelled"));
    return Promise.reject(SILENT);
  });
  await runAtHook(step, () => Promise.resolve(failed));
  expect(ledger.entries).toHaveLength(1);
  expect(log.lines.join("\n")).not.toContain("warning");
});

it("after CONTINUE the cleanup sends no ROLLBACK", async () => {
  const { step, ledger, verdicts } = stepAtHook();
  expect(await runAtHook(step, () => Promise.resolve(good))).toBe(good);
  expect(verdicts).toEqual([{ action: "CONTINUE", onRecord: [] }]);
  expect(ledger.entries).toEqual([]);
});

it("the step fails when CONTINUE can't be sent, and the cleanup sends ROLLBACK", async () => {
  const { step, verdicts, finish } = stepAtHook(() => {
    return verdicts.at(-1)?.action === "CONTINUE" ? Promise.reject(SILENT) : Promise.resolve("taken");
  });
  expect(await runAtHook(step, () => Promise.resolve(good))).toMatchObject({
    outcome: "failed",
    failure: SILENT,
  });
  await finish();
  expect(verdicts.map(({ action }) => action)).toEqual(["CONTINUE", "CONTINUE", "CONTINUE", "ROLLBACK"]);
});

it("the job gets the new revision and those that it replaces, so that it runs in no task of a replaced one", async () => {
  const { step } = stepAtHook();
  let got: StepContext["revision"];
  await runAtHook(step, ({ revision }) => {
    got = revision;
    return Promise.resolve(good);
  });
  expect(got).toMatchObject({
    ...{ arn: "revision", taskDefinitionArn: "of revision", since: PAUSED.createdAt },
    sources: [{ arn: "former", taskDefinitionArn: "of former" }],
  });
});

it("a deployment whose answer names no new revision is told ROLLBACK, and ECS is asked for no revision", async () => {
  const { step, verdicts, revisions } = stepAtHook(undefined, () => ({ ...PAUSED, revisionArn: undefined }));
  await expect(runAtHook(step, () => Promise.resolve(good))).rejects.toThrow(
    "has no 'targetServiceRevision'",
  );
  expect(verdicts.map(({ action }) => action)).toEqual(["ROLLBACK"]);
  expect(revisions).toEqual([]);
});

it.each(["cancelled", "lock-lost"] as const)(
  "a step fails when it is ended as %s after its script succeeded, since its deployment goes back",
  async (code) => {
    const { step, verdicts, cancel, cleanOnCancel, finish } = stepAtHook();
    cleanOnCancel();
    const result = await runAtHook(step, () => {
      cancel.abort(new Failure(code, { failed: "", seen: "", advice: "" }));
      return Promise.resolve(good);
    });
    await finish();
    expect(result).toMatchObject({ outcome: "failed", exitCode: 0, failure: { code } });
    expect(verdicts.map(({ action }) => action)).toEqual(["ROLLBACK"]);
  },
);

describe("before the step has seen the hook", () => {
  const scaling: ServiceDeployment = { ...PAUSED, stage: "SCALE_UP", hooks: [] };

  it("a cancel sends ROLLBACK when the deployment has reached the hook meanwhile", async () => {
    let looks = 0;
    const { step, ledger, verdicts, cancel, cleanOnCancel, finish } = stepAtHook(undefined, () => {
      looks += 1;
      if (looks === 1) cancel.abort(new Error("cancelled"));
      return looks === 1 ? scaling : PAUSED;
    });
    cleanOnCancel();
    await expect(runAtHook(step, () => Promise.resolve(good))).rejects.toThrow("cancelled");
    await finish();
    expect(verdicts.map(({ action }) => action)).toEqual(["ROLLBACK"]);
    expect(ledger.entries).toEqual([]);
  });

  it("a cancel while ECS answers with the hook sends ROLLBACK once", async () => {
    const { step, ledger, verdicts, cancel, cleanOnCancel, finish } = stepAtHook(undefined, () => {
      cancel.abort(new Error("cancelled"));
      return PAUSED;
    });
    cleanOnCancel();
    await expect(runAtHook(step, () => Promise.resolve(good))).rejects.toThrow("cancelled");
    await finish();
    expect(verdicts.map(({ action }) => action)).toEqual(["ROLLBACK"]);
    expect(ledger.entries).toEqual([]);
  });

  it("on a cancel the log says that the deployment waits for no verdict yet, and the last cleanup looks again", async () => {
    let isWaiting = false;
    const { step, ledger, log, verdicts, cancel, clean } = stepAtHook(undefined, () => {
      cancel.abort(new Error("cancelled"));
      return isWaiting ? PAUSED : scaling;
    });
    await expect(runAtHook(step, () => Promise.resolve(good))).rejects.toThrow("cancelled");
    await clean(true);
    expect(log.lines.at(-1)).toMatch(/^No verdict is given: the deployment is IN_PROGRESS at SCALE_UP/);
    isWaiting = true;
    await clean(false);
    expect(verdicts.map(({ action }) => action)).toEqual(["ROLLBACK"]);
    expect(ledger.entries).toEqual([]);
  });

  it("a deployment without a pause hook, or of another service, is told nothing", async () => {
    const other = PAUSED.serviceArn.replace("/web", "/shop");
    for (const found of [
      { ...scaling, pauseHooks: [] },
      { ...PAUSED, serviceArn: other },
    ]) {
      const { step, ledger, verdicts, clean } = stepAtHook(undefined, () => found);
      await expect(runAtHook(step, () => Promise.resolve(good))).rejects.toThrow();
      expect(ledger.entries).toEqual([]);
      await clean(false);
      expect(verdicts).toEqual([]);
    }
  });
});
