/** `npm run demo`: the main job as a newcomer sees it, on a Fargate of this machine. Touches no account. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { visibleDelays } from "../local/settings.ts";
import { seed, type SeedNames } from "../local/seed.ts";
import { startLocalFargate, type LocalFargate } from "../local/start.ts";
import { runStep, type StepResult } from "../local/runner/step.ts";
import { expectations } from "./demo/expectations.ts";
import { block, heading, logLine, note, table } from "./demo/page.ts";
import { demoInputs, taskDefinition, token } from "./demo/step.ts";
import { readStream } from "./demo/stream.ts";

const actionDir = resolve(import.meta.dirname, "..");
const began = Date.now();
const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    note(`${signal}: cancelling the step and stopping everything.`);
    interrupted.abort();
  });
}

heading("fargate-exec: a script of your workflow, run inside a task on AWS Fargate");
note("This machine stands in for AWS: no account, no network, nothing to clean up afterwards.");

const workspace = await mkdtemp(join(tmpdir(), "demo-"));
const local = await startLocalFargate({ delays: visibleDelays });
try {
  if (!interrupted.signal.aborted) await demonstrate(local, await seed(local));
} finally {
  await local.stop();
  await rm(workspace, { recursive: true });
}
note("");
note(`Everything is stopped again. ${Math.round((Date.now() - began) / 1000)} seconds in all.`);
if (interrupted.signal.aborted) process.exitCode = 130;

async function demonstrate(local: LocalFargate, made: SeedNames): Promise<void> {
  note(`The local Fargate is up at ${local.url}, with cluster '${made.loggedCluster}',`);
  note(`bucket '${made.bucket}' and log group '${made.logGroup}', where the cluster logs its sessions.`);

  await mkdir(join(workspace, "ops"));
  const definition = JSON.stringify(taskDefinition(local), undefined, 2);
  await writeFile(join(workspace, "ops/report.json"), definition);

  heading("1  The task definition in the repository, ops/report.json: a stock image, 4 vCPU");
  block(definition);

  const inputs = demoInputs(made);
  heading("2  The step in the workflow");
  block(workflowStep(inputs));

  heading("3  The step's log, as GitHub shows it");
  note(
    "A line that begins with [2] is worker 2's. Between the two lines with :: nothing that the script prints is",
  );
  note("obeyed as a workflow command. The step is going to fail: worker 2 exits 3 on purpose.");
  note("");
  const result = await runStep({
    actionDir,
    inputs,
    env: { ...local.env, API_TOKEN: token },
    // GitHub masks values of the secrets context from the first line on.
    secrets: [token, local.env["AWS_SECRET_ACCESS_KEY"] ?? ""],
    workspace,
    onLine: logLine,
    signal: interrupted.signal,
  });
  if (interrupted.signal.aborted) return;
  note("");
  note(`The step's conclusion: ${result.conclusion}, as it should be.`);

  heading("4  Its outputs, for the steps that follow");
  table(outputs(result));

  heading("5  The job summary it wrote (Markdown)");
  block(result.summary.trim());

  heading("6  The CloudWatch stream of the session, kept for audits");
  const stream = await readStream(local, result.outputs, interrupted.signal);
  note(`${result.outputs["log-group"] ?? ""} / ${result.outputs["log-stream"] ?? ""}`);
  block(stream.join("\n"));

  heading("7  What this shows");
  const seen = expectations({ result, stream, local });
  for (const { what, holds } of seen) note(`${holds ? "ok    " : "FAILED"}  ${what}`);
  if (!seen.every(({ holds }) => holds)) process.exitCode = 1;
}

function workflowStep(inputs: Readonly<Record<string, string>>): string {
  const value = (text: string): string =>
    text.includes("\n") ? `|\n${text.trimEnd().replace(/^/gm, "      ")}` : text;
  return [
    "- uses: org/fargate-exec@v1",
    "  env:",
    "    API_TOKEN: ${{ secrets.API_TOKEN }}",
    "  with:",
    ...Object.entries(inputs).map(([name, text]) => `    ${name}: ${value(text)}`),
  ].join("\n");
}

/** The outputs by name, long ones as their first and last line. */
function outputs(result: StepResult): readonly (readonly [string, string])[] {
  return Object.entries(result.outputs).map(([name, text]) => {
    if (text === "") return [name, "(empty)"];
    const lines = text.split("\n");
    if (lines.length < 4) return [name, text];
    return [name, `${lines[0] ?? ""}\n… ${lines.length - 2} more lines …\n${lines.at(-1) ?? ""}`];
  });
}
