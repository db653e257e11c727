/**
 * Runs a job of 90 s whose step has keys that expire after 30 s. When the step assumes its role itself, the job succeeds. With
 * static keys the job is stopped, the message says why, and the step fails.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { runStep, type StepResult } from "../local/runner/step.ts";
import { seed } from "../local/seed.ts";
import { startLocalFargate } from "../local/start.ts";

const KEYS_SECONDS = 30;
const JOB_SECONDS = 90;

const local = await startLocalFargate({ roleSessionSeconds: KEYS_SECONDS });
const workspace = mkdtempSync(join(tmpdir(), "soak-"));
try {
  const made = await seed(local);
  const step = (inputs: Record<string, string>, env: Record<string, string>): Promise<StepResult> =>
    runStep({
      actionDir: resolve(import.meta.dirname, ".."),
      inputs: {
        ...{ cluster: made.cluster, "task-definition": made.taskDefinition, subnets: made.subnets.join(",") },
        run: `i=0; while [ $i -lt ${JOB_SECONDS} ]; do i=$((i+1)); sleep 1; done; echo whole`,
        ...inputs,
      },
      env: { ...local.env, AWS_EC2_METADATA_DISABLED: "true", ...env },
      workspace,
    });
  const none = { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "" };
  const seconds = async (run: Promise<StepResult>): Promise<readonly [StepResult, number]> => {
    const began = Date.now();
    const result = await run;
    return [result, Math.round((Date.now() - began) / 1000)];
  };
  const keys = await local.sessionEnv(made.deployRole, KEYS_SECONDS);
  const [[renewed, long], [expired, short]] = await Promise.all([
    seconds(step({ "role-to-assume": made.deployRole }, { ...none, ...local.idTokenEnv })),
    seconds(step({}, keys)),
  ]);

  console.log(`role-to-assume: ${renewed.outputs["outcome"] ?? ""} after ${long} s`);
  console.log(`static keys: ${expired.outputs["outcome"] ?? ""} after ${short} s`);
  for (const { level, message } of expired.annotations) console.log(`  ${level}: ${message}`);
  assert.equal(renewed.conclusion, "success");
  assert.equal(renewed.outputs["stdout"], "whole");
  assert.ok(long >= JOB_SECONDS);
  const assumed = local.requests.filter(({ operation }) => operation === "AssumeRoleWithWebIdentity");
  assert.ok(assumed.length >= JOB_SECONDS / KEYS_SECONDS, `${assumed.length} sessions of the role`);
  assert.equal(expired.conclusion, "failure");
  assert.equal(expired.outputs["outcome"], "unknown");
  assert.equal(expired.outputs["exit-code"], "");
  assert.ok(short < JOB_SECONDS, `it was stopped after ${short} s`);
  assert.ok(expired.annotations.some(({ title }) => title === "fargate-exec: no-credentials"));
  // A held container waits five seconds for the transcript.
  for (let tries = 0; tries < 100 && local.tasks.some(isOurs); tries += 1) await sleep(100);
  assert.deepEqual(local.tasks.filter(isOurs), []);
} finally {
  await local.stop();
  rmSync(workspace, { recursive: true });
}

function isOurs({ plan, lastStatus }: (typeof local.tasks)[number]): boolean {
  return plan.startedBy?.startsWith("fargate-exec/") === true && lastStatus !== "STOPPED";
}
