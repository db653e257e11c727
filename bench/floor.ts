import { execFile } from "node:child_process";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { promisify } from "node:util";
import { ECSClient, ExecuteCommandCommand } from "@aws-sdk/client-ecs";
import { Client } from "../__tests__/local/agent/rig.ts";
import { virtualEnvironment } from "../local/python.ts";
import type { LocalFargate } from "../local/start.ts";

const run = promisify(execFile);

/** A container that takes sessions. */
export interface FloorTarget {
  readonly cluster: string;
  readonly task: string;
}

/** Milliseconds of `echo hello` by ExecuteCommand and a bare session: the time of the session-manager-plugin alone, without the start of its process. */
export async function bareSession(local: LocalFargate, { cluster, task }: FloorTarget): Promise<number> {
  const ecs = new ECSClient({ endpoint: local.url, region: local.region, credentials: local.admin });
  const began = performance.now();
  const command = "echo hello";
  const { session = {} } = await ecs.send(
    new ExecuteCommandCommand({ cluster, task, command, interactive: true }),
  );
  const { sessionId = "", streamUrl = "", tokenValue = "" } = session;
  const client = await Client.connect({ sessionId, streamUrl, tokenValue });
  await client.closed;
  return performance.now() - began;
}

/** Milliseconds that a command of the AWS CLI takes, its own start included. */
export async function awsCli(local: LocalFargate, words: readonly string[]): Promise<number> {
  const began = performance.now();
  await run(join(virtualEnvironment, "bin/aws"), words, {
    env: { PATH: process.env["PATH"] ?? "", ...local.env, AWS_CONFIG_FILE: "/dev/null" },
    maxBuffer: 1e8,
  });
  return performance.now() - began;
}

/**
 * Milliseconds of the commands that a workflow runs without this action: `aws s3 cp` of a script, then `aws ecs execute-command`. The latter is
 * measured in two parts: the CLI's part as another command with one call, the plugin's part as a bare session.
 */
export async function byHand(local: LocalFargate, target: FloorTarget, bucket: string): Promise<number> {
  const { cluster, task } = target;
  const copy = await awsCli(local, ["s3", "cp", import.meta.filename, `s3://${bucket}/floor`]);
  const call = await awsCli(local, ["ecs", "describe-tasks", "--cluster", cluster, "--tasks", task]);
  return copy + call + (await bareSession(local, target));
}
