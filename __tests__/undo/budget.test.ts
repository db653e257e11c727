import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { payloadFile } from "../../src/payload/container-files.ts";
import { CANCELLING_MS } from "../../src/carriers/session-carrier.ts";
import { TOLD_LATER_MS } from "../../src/carriers/pieces-carrier.ts";
import { realWorld } from "../../src/run/step/world.ts";
import { CALLS_END_MS, CANCEL_BUDGET, CONTAINER_BUDGET, SIGTERM_AFTER_MS } from "../../src/undo/budget.ts";
import { Ledger, type LedgerEntry } from "../../src/undo/ledger.ts";
import { tellToStop } from "../../src/undo/runaway-job.ts";
import { StepAws } from "../../src/undo/step-aws.ts";
import { StepCleanup } from "../../src/undo/cleanup.ts";
import { setEnvironment } from "../helpers/aws-endpoint.ts";
import { Listener } from "../helpers/listener.ts";
import { SteppedClock } from "../helpers/stepped-clock.ts";
import { eventually } from "../helpers/until.ts";

describe.each(Object.entries(CANCEL_BUDGET))("when %s", (_, waits) => {
  const sum = (some: typeof waits): number => some.reduce((total, { atMost }) => total + atMost, 0);

  it("a cancelled step has reported before SIGTERM", () => {
    expect(waits.at(-1)?.for).toBe("the report");
    expect(sum(waits)).toBeLessThan(SIGTERM_AFTER_MS);
  });

  it("the report waits for nothing after the end of the calls", () => {
    for (const { atMost } of waits) expect(atMost).toBeGreaterThan(0);
    expect(sum(waits.slice(0, -1))).toBeLessThanOrEqual(CALLS_END_MS);
  });
});

describe("in the container", () => {
  const { killAfter, packingEnds, packingEndsWhenToldLater } = CONTAINER_BUDGET;
  /** The number that the pattern finds in a program of the container. */
  const numberIn = (file: string, pattern: RegExp): number => Number(pattern.exec(payloadFile(file))?.[1]);

  it("the programs have the times of the table", () => {
    const packing = numberIn("artifacts.sh", /fx_hurry_until=.* \+ (\d+)\)\)$/m);
    const shorter = numberIn("artifacts.sh", /fx_hurry_until - (\d+)\)\)$/m);
    expect(numberIn("workers.sh", /cancelled \| fenced\) fx_after (\d+) /) * 1_000).toBe(killAfter);
    expect(packing * 10).toBe(packingEnds);
    expect((packing - shorter) * 10).toBe(packingEndsWhenToldLater);
  });

  it("the job can say how it was stopped in the time that main waits for it", () => {
    const AGENT_SLEEPS_MS = 1_000;
    expect(killAfter).toBeLessThan(packingEnds);
    expect(packingEnds).toBeLessThan(CANCELLING_MS);
    expect(AGENT_SLEEPS_MS + killAfter).toBeLessThan(CANCELLING_MS + TOLD_LATER_MS);
    expect(AGENT_SLEEPS_MS + packingEndsWhenToldLater).toBeLessThan(packingEnds);
  });
});

it("a cancelled step whose calls are not answered ends with the calls, and its post step has everything to undo", async () => {
  const asked: string[] = [];
  const silent = createServer(({ headers }) => asked.push(String(headers["x-amz-target"])));
  await once(silent.listen(0, "127.0.0.1"), "listening");
  const restore = setEnvironment({
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`,
    AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
    AWS_SECRET_ACCESS_KEY: "secret",
  });
  const job = {
    ...{ cluster: "ci", task: "arn:task/ci/17", container: "app", run: "me", sessionId: "s-1" },
    ...{ runtimeId: "r", sessionTarget: "ecs:ci_17_r", encryption: { kind: "none" } as const },
  };
  const undo: readonly LedgerEntry[] = [
    { kind: "task", cluster: "ci", startedBy: "me", taskArn: "arn:task" },
    { kind: "job", ...job },
  ];
  const ledger = new Ledger({ region: "eu-west-1", undo }, () => undefined);
  const [clock, log, button] = [new SteppedClock(), new Listener(), new AbortController()];
  const signals = { cancel: button.signal, ending: button.signal };
  const aws = new StepAws({
    region: "eu-west-1",
    credentials: undefined,
    ...signals,
    world: { ...realWorld, clock },
  });
  const cleanup = new StepCleanup(ledger, { aws: aws.undoing, clock, log }, button.signal);

  button.abort(new Error("cancelled"));
  const begin = clock.now();
  clock.advance(CANCELLING_MS);
  const stopping = tellToStop(job, { undoing: aws.undoing, clock, log });
  await eventually(() => asked.length, 2);
  clock.advance(CALLS_END_MS - CANCELLING_MS);
  await Promise.all([stopping, cleanup.early()]);
  await cleanup.finish();
  aws.close();
  expect(clock.now() - begin).toBe(CALLS_END_MS);
  expect(ledger.entries).toEqual(undo);
  expect(log.lines.join("\n")).toMatch(/What is left to undo is undone after it: 2\.$/);
  expect(log.lines.join("\n")).not.toContain("warning");
  restore();
  silent.closeAllConnections();
  silent.close();
});
