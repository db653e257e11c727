/**
 * `npm run pictures`: runs the demo's step on the local Fargate and draws its log and its job summary as GitHub shows
 * them, in light and in dark, into `docs/pictures/`. Needs Chromium on PATH, and a font that has emoji.
 */
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { runStep, type StepResult } from "../local/runner/step.ts";
import { visibleDelays } from "../local/settings.ts";
import { seed } from "../local/seed.ts";
import { startLocalFargate } from "../local/start.ts";
import { demoInputs, taskDefinition, token } from "../demo/demo/step.ts";
import { smallPng } from "./pictures/small-png.ts";
import { logPage, summaryPage, WIDTH, type Scheme } from "./pictures/page.ts";

const root = resolve(import.meta.dirname, "..");
const scratch = await mkdtemp(join(tmpdir(), "pictures-"));
try {
  const result = await demoStep();
  await mkdir(join(root, "docs/pictures"), { recursive: true });
  for (const scheme of ["light", "dark"] as const) {
    await draw("log", logPage(result.log, scheme), scheme);
    await draw("summary", summaryPage(result.summary, scheme), scheme);
  }
} finally {
  await rm(scratch, { recursive: true });
}

/** Runs the demo's step, with delays in the proportions of ECS's. */
async function demoStep(): Promise<StepResult> {
  const local = await startLocalFargate({ delays: visibleDelays });
  try {
    const made = await seed(local);
    const workspace = join(scratch, "workspace");
    await mkdir(join(workspace, "ops"), { recursive: true });
    await writeFile(join(workspace, "ops/report.json"), JSON.stringify(taskDefinition(local)));
    return await runStep({
      actionDir: root,
      inputs: demoInputs(made),
      env: { ...local.env, API_TOKEN: token },
      secrets: [token],
      workspace,
    });
  } finally {
    await local.stop();
  }
}

/** Loads a page twice: first to measure its height, then to draw it. */
async function draw(name: string, html: string, scheme: Scheme): Promise<void> {
  const page = join(scratch, `${name}-${scheme}.html`);
  await writeFile(page, html);
  const measured = chromium("--dump-dom", `--window-size=${WIDTH},400`, "--virtual-time-budget=1000", page);
  const height = /data-height="(\d+)"/.exec(measured)?.[1];
  if (height === undefined) throw new Error(`Chromium did not report the height of ${page}.`);
  const file = join(root, "docs/pictures", `${name}-${scheme}.png`);
  chromium(`--screenshot=${file}`, `--window-size=${WIDTH},${height}`, page);
  await writeFile(file, smallPng(await readFile(file)));
}

function chromium(...args: readonly string[]): string {
  const common = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"];
  try {
    return execFileSync("chromium", [...common, `--user-data-dir=${join(scratch, "profile")}`, ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new Error("`chromium`, which draws the pictures, is not on PATH.", { cause: error });
  }
}
