/**
 * Proves that files come in by `files` and back by `artifacts` unchanged; find(1) and sha256sum(1) compare them. 1,000 random trees go by a
 * session that is cut at a random moment, by each program that an image may have to unpack and pack. Through the bundled action, ten
 * trees of 200 MB go by the bucket while the session is cut, and 16 MB go by the session. `SOAK_TREES=50 SOAK_LARGE=1 npm run soak files`
 * takes fewer.
 */
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { runStep } from "../local/runner/step.ts";
import type { Task } from "../local/task/task.ts";
import { SharedContainer } from "../__tests__/helpers/shared-container.ts";
import { Aws } from "../__tests__/helpers/local.ts";
import { watch } from "../__tests__/helpers/watch.ts";
import { bringBack } from "../__tests__/payload/bring-back.ts";
import { trees } from "../__tests__/payload/files/random-trees.ts";
import { listTree, packLines, type Tree, withTree } from "../__tests__/payload/files/trees.ts";

const TREES = Number(process.env["SOAK_TREES"] ?? 1000);
const LARGE = Number(process.env["SOAK_LARGE"] ?? 10);
const WITHOUT_PYTHON = "rm -f /usr/bin/python3*";
const WAYS = {
  python3: ":",
  "GNU tar": WITHOUT_PYTHON,
  "busybox tar": `${WITHOUT_PYTHON} /usr/bin/tar; ln -s /usr/bin/busybox /usr/bin/tar`,
};
let wrong = 0;
let back = { same: 0, cuts: 0 };
let largeCuts = 0;

function tell(isRight: boolean, what: string): void {
  if (!isRight) wrong += 1;
  console.log(`${isRight ? "as it was" : "WRONG"}: ${what}`);
}

/** The lines that are compared. The tar of busybox does not set a link's time, so it is left out. */
function comparable(lines: readonly string[], way: string): string {
  return String(way === "busybox tar" ? lines.map((line) => line.replace(/\tl\t777\t\d+/, "")) : lines);
}

/** Brings a tree back from the container, and reports a difference. Without python3, line ends in names are replaced. */
async function takeBack(container: SharedContainer, drawn: Tree, number: number, way: string): Promise<void> {
  const isLined = way !== "python3";
  const entries = Object.entries(drawn).map(
    ([path, item]) => [isLined ? path.replaceAll("\n", "_") : path, item] as const,
  );
  const tree: Tree = Object.fromEntries(entries);
  await withTree(tree, async (root) => {
    const there = `/srv/back-${number}`;
    execFileSync("cp", ["-a", `${root}/d`, `${container.root}${there}`]);
    const run = { within: container, sh: "/bin/sh", containerEnv: { PATH: "/usr/bin:/bin" }, script: "true" };
    const cutAfterMs = Math.random() < 0.5 ? Math.random() * 500 : undefined;
    const { report, cuts, job } = await bringBack(there, `${root}/back`, run, { cutAfterMs });
    const isSame =
      comparable(listTree(`${root}/back${there}`), way) === comparable(listTree(`${root}/d`), way);
    back.cuts += cuts;
    if (isSame && report?.problems.length === 0) back.same += 1;
    else
      tell(
        false,
        `${JSON.stringify(tree)} back by ${way}: ${JSON.stringify({ report, status: job.status })}`,
      );
  });
}

for (const [at, [way, setUp]] of Object.entries(WAYS).entries()) {
  const container = await SharedContainer.start("dash");
  try {
    container.run(`mkdir -p /srv; chmod 755 /srv; ${setUp}`);
    const drawn = fc.sample(trees, { numRuns: Math.ceil(TREES / 3), seed: Date.now() + at });
    back = { same: 0, cuts: 0 };
    let same = 0;
    let refused = 0;
    for (const [number, tree] of drawn.entries()) {
      await takeBack(container, tree, number, way);
      await withTree(tree, async (root) => {
        const files = await packLines(root, [`d=/srv/${number}`]);
        const run = { within: container, sh: "/bin/sh", containerEnv: { PATH: "/usr/bin:/bin" } };
        const { status } = await watch({ ...run, files, script: "true" });
        const mayRefuse = way === "busybox tar" && files.needsPax && status?.kind === "refused";
        if (mayRefuse) refused += 1;
        else if (
          comparable(listTree(`${container.root}/srv/${number}`), way) ===
          comparable(listTree(`${root}/d`), way)
        )
          same += 1;
        else tell(false, `${JSON.stringify(tree)} by ${way}: ${JSON.stringify(status)}`);
      });
    }
    if (back.cuts === 0) tell(false, `${way}: no terminal was cut`);
    console.log(
      `${way}: ${back.same} of ${drawn.length} came back as they were, ${back.cuts} of them through a cut`,
    );
    console.log(
      `${way}: ${same} of ${drawn.length} trees are as they were, ${refused} refused for long names`,
    );
  } finally {
    await container.stop();
  }
}

const aws = await Aws.start();
try {
  const task = await aws.runningTask();
  for (let number = 0; number < LARGE; number += 1) await large(aws, task);
  if (LARGE > 0 && largeCuts === 0) tell(false, "no session of 200 MB was cut");
  const run = "sha256sum </opt/typed/0 | cut -d ' ' -f 1";
  const bytes = randomBytes(16_000_000);
  const began = performance.now();
  const { outputs } = await aws.step(
    { task: task.id, files: "d=/opt/typed", run },
    { files: { "d/0": bytes } },
  );
  const seconds = (performance.now() - began) / 1000;
  const sum = createHash("sha256").update(bytes).digest("hex");
  tell(outputs["stdout"] === sum, `16 MB by the session, in ${seconds.toFixed(1)} s for the whole step`);
} finally {
  await aws.stop();
}
process.exitCode = wrong > 0 ? 1 : 0;

/** Brings 200 MB in and back by the bucket, while connections of the session are cut. */
async function large(aws: Aws, task: Task): Promise<void> {
  const workspace = mkdtempSync(join(tmpdir(), "large-"));
  try {
    mkdirSync(join(workspace, "d"));
    for (let part = 0; part < 8; part += 1)
      writeFileSync(join(workspace, "d", String(part)), randomBytes(25_000_000));
    const { local, made } = aws.world;
    const inputs = {
      ...{ task: task.id, cluster: made.cluster, bucket: made.bucket, run: "true" },
      ...{ files: "d=/opt/large", artifacts: "/opt/large", "artifacts-path": "back" },
    };
    const before = local.gateway.sessions.length;
    await local.inject({ link: { sessions: 3, cut: { afterMs: [0, 8_000], times: 2 } } });
    const began = performance.now();
    const env = { ...local.env, ...aws.keysFor(inputs) };
    const result = await runStep({ actionDir: resolve("."), inputs, env, workspace });
    const seconds = (performance.now() - began) / 1000;
    local.calm();
    const there = `/proc/${task.containers[0]?.handle?.pid ?? 0}/root/opt/large`;
    const wanted = String(listTree(join(workspace, "d")));
    const isSame = [there, join(workspace, "back/opt/large")].every(
      (root) => existsSync(root) && String(listTree(root)) === wanted,
    );
    const cuts = local.gateway.sessions.slice(before).reduce((sum, session) => sum + session.cuts, 0);
    largeCuts += cuts;
    tell(
      isSame,
      `200 MB in and back by the bucket, ${cuts} cuts, in ${seconds.toFixed(1)} s for the whole step`,
    );
    if (!isSame) console.log(result.log.slice(-20).join("\n"));
    rmSync(there, { recursive: true, force: true });
  } finally {
    rmSync(workspace, { recursive: true, force: true });
  }
}
