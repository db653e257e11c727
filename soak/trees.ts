/**
 * Brings a thousand random trees in by `files` and back by `artifacts`, for each image and each carrier, through the bundled action. Up to
 * a hundred trees go in one step. Sessions are cut at random moments, and calls of S3 are reset. The trees in the container and those that
 * come back are compared with the checkout by find(1) and sha256sum(1). `SOAK_TREES=200 npm run soak trees` takes 200 of each.
 */
import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { rootFileSystem } from "../local/images/root.ts";
import type { Cut } from "../local/gateway/link-faults.ts";
import { runStep, type StepResult } from "../local/runner/step.ts";
import type { Task } from "../local/task/task.ts";
import { Aws } from "../__tests__/helpers/local.ts";
import { mixedTrees, trees } from "../__tests__/payload/files/random-trees.ts";
import { type Item, listTree, plant, type Tree } from "../__tests__/payload/files/trees.ts";

const TREES = Number(process.env["SOAK_TREES"] ?? 1000);
/** How many trees go in one step: `large` with files of up to 1 MB, `small` where only 1 MiB can be brought in. */
const IN_ONE_STEP = { large: 100, small: 20 };
/** The images, each with the program that unpacks and packs in it. */
const IMAGES = {
  "debian-python-boto3": "python3",
  "debian-python": "python3",
  "debian-bash-curl": "GNU tar",
  busybox: "busybox tar",
  "busybox-static": "busybox tar",
} as const;
type Image = keyof typeof IMAGES;
type Way = (typeof IMAGES)[Image];
/** Whether at most 1 MiB can be brought into an image (docs/requirements.md). busybox has this limit only with a bucket, from which it can't fetch. */
const isSmall = (image: Image, bucket: boolean): boolean =>
  image === "busybox-static" || (image === "busybox" && bucket);
const containerOf = (image: string) => ({
  ...{ name: "app", image: `local/${image}`, essential: true, command: ["sleep", "infinity"] },
});
const wanted = process.env["SOAK_IMAGES"]?.split(",") ?? Object.keys(IMAGES);

const seed = Number(process.env["SOAK_SEED"] ?? Date.now());
const random = (upTo: number): number => Math.floor(Math.random() * upTo);
let wrong = 0;
let allCuts = 0;

/** The trees as one tree, changed to names and modes that the image can take: docs/files.md says which. */
function joinTrees(drawn: readonly Tree[], way: Way): Tree {
  const isShort = way === "busybox tar";
  const nameOf = (path: string): string => {
    const lined = way === "python3" ? path : path.replaceAll("\n", "_");
    return isShort ? lined.replace(/n{120}|w{255}/g, "long").replace(/é{90}/g, "lang") : lined;
  };
  const itemOf = (path: string, item: Item): Item => {
    if (isShort && item.target !== undefined) return { ...item, target: item.target.slice(0, 90) };
    // Without python3 nothing is brought back from a directory in which other users may rename files.
    return way !== "python3" && path.endsWith("/") ? { ...item, mode: (item.mode ?? 0o755) & 0o755 } : item;
  };
  const all = drawn.flatMap((tree, at) =>
    Object.entries(tree).map(
      ([path, item]) => [nameOf(path.replace(/^d/, `t/${at}`)), itemOf(path, item)] as const,
    ),
  );
  const above = new Set(
    all.flatMap(([path]) => [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index))),
  );
  return Object.fromEntries(all.filter(([path]) => !above.has(path)));
}

/** The listing that is compared. The tar of busybox does not set a link's time, so it is left out. */
function comparable(root: string, way: Way): string {
  const lines = existsSync(root) ? listTree(root) : ["nothing"];
  return JSON.stringify(
    way === "busybox tar" ? lines.map((line) => line.replace(/\tl\t777\t\d+/, "\tl")) : lines,
  );
}

/** The listing of artifacts. The tar of Debian's busybox brings no empty directory and no directory's mode or time, so directories are left out. */
function comparableBack(root: string, way: Way): string {
  const lines = JSON.parse(comparable(root, way)) as string[];
  return JSON.stringify(way === "busybox tar" ? lines.filter((line) => !/\td\t\d+\t/.test(line)) : lines);
}

interface Batch {
  readonly aws: Aws;
  readonly task: Task;
  readonly number: number;
  readonly bucket: boolean;
  readonly way: Way;
}

/** Runs one step with these trees. True when all of them are the same there and back. */
async function bothWays(drawn: readonly Tree[], { aws, task, number, bucket, way }: Batch): Promise<boolean> {
  const workspace = mkdtempSync(join(tmpdir(), "trees-"));
  try {
    plant(workspace, joinTrees(drawn, way));
    const there = `/srv/trees-${number}`;
    const inputs = {
      ...{
        task: task.id,
        cluster: aws.world.made.cluster,
        files: `t=${there}`,
        artifacts: there,
        run: "true",
      },
      ...{ "artifacts-path": "back", "artifacts-missing": "error" },
      ...(bucket && { bucket: aws.world.made.bucket }),
    };
    await disturb(aws, bucket);
    const env = { ...aws.world.local.env, ...aws.keysFor(inputs) };
    const result = await runStep({ actionDir: resolve("."), inputs, env, workspace });
    aws.world.local.calm();
    const pid = task.containers[0]?.handle?.pid ?? 0;
    const isIn = comparable(`/proc/${pid}/root${there}`, way) === comparable(`${workspace}/t`, way);
    const isBack = comparableBack(`${workspace}/back${there}`, way) === comparableBack(`${workspace}/t`, way);
    if (isIn && isBack) rmSync(`/proc/${pid}/root${there}`, { recursive: true });
    else keep(result, workspace, `/proc/${pid}/root${there}`, { isIn, isBack });
    return isIn && isBack;
  } finally {
    rmSync(workspace, { recursive: true, force: true });
  }
}

/** Cuts up to three connections of the step's session, each a random time after it opened. With a bucket, also resets some calls of S3. */
async function disturb(aws: Aws, bucket: boolean): Promise<void> {
  const when =
    Math.random() < 0.5 ? { afterMs: [0, 2000] as const } : { afterBytes: [0, 1_000_000] as const };
  const cut: Cut = { ...when, times: 1 + random(3) };
  await aws.world.local.inject({
    link: { seed: random(1e9), sessions: 3, cut },
    ...(bucket && {
      api: (["GET", "PUT", "POST"] as const).map((method) => ({
        ...{ operation: `${method} /${aws.world.made.bucket}*`, skip: random(6), times: 1 },
        reset: Math.random() < 0.5 ? ("before" as const) : ("after" as const),
      })),
    }),
  });
}

function keep(result: StepResult, workspace: string, container: string, what: object): void {
  wrong += 1;
  const kept = mkdtempSync(join(tmpdir(), "wrong-trees-"));
  cpSync(workspace, join(kept, "workspace"), {
    recursive: true,
    verbatimSymlinks: true,
    preserveTimestamps: true,
  });
  if (existsSync(container))
    cpSync(container, join(kept, "container"), {
      recursive: true,
      verbatimSymlinks: true,
      preserveTimestamps: true,
    });
  console.log(`WRONG, kept in ${kept}: ${JSON.stringify(what)}\n${result.log.slice(-40).join("\n")}`);
}

/** Proves all trees for one image by one carrier. */
async function proof(image: Image, bucket: boolean): Promise<void> {
  const way = IMAGES[image];
  const small = isSmall(image, bucket);
  const inOneStep = Math.min(TREES, IN_ONE_STEP[small ? "small" : "large"]);
  const steps = Math.ceil(TREES / inOneStep);
  const aws = await Aws.start();
  try {
    const task = await aws.runningTask(await aws.register(image, [containerOf(image)]));
    let same = 0;
    const began = performance.now();
    for (let number = 0; number < steps; number += 1) {
      const drawn = fc.sample(small ? trees : mixedTrees, { numRuns: inOneStep, seed: seed + number });
      if (await bothWays(drawn, { aws, task, number, bucket, way })) same += inOneStep;
    }
    const cuts = aws.world.local.gateway.sessions.reduce((sum, session) => sum + session.cuts, 0);
    allCuts += cuts;
    const seconds = Math.round((performance.now() - began) / 1000);
    const how = bucket ? "by the bucket" : "by the session";
    console.log(
      `${image} (${way}) ${how}: ${same} of ${steps * inOneStep} trees as they were, ${cuts} cuts, ${seconds} s`,
    );
  } finally {
    await aws.stop();
  }
}

for (const image of Object.keys(IMAGES) as Image[]) {
  if (!wanted.includes(image)) continue;
  await rootFileSystem(image);
  for (const bucket of [true, false]) await proof(image, bucket);
}
console.log(`The seed was ${seed}.`);
if (allCuts === 0) console.log("WRONG: no session was cut");
process.exitCode = wrong > 0 || allCuts === 0 ? 1 : 0;
