import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { JobContainer } from "./container.ts";
import { runnerEnvironment } from "./environment.ts";
import { Masker } from "./masker.ts";

/** What the steps of a job share: variables, directories, masks. */
export interface Runner {
  readonly env: Readonly<Record<string, string>>;
  /** The directory of the files that processes write for the runner. */
  readonly commandDir: string;
  readonly masker: Masker;
  /** The container of the job, in which all processes of its steps run; undefined for a job without one. */
  readonly container?: JobContainer | undefined;
}

export interface RunnerRequest {
  readonly actionDir: string;
  readonly workspace: string;
  readonly secrets?: readonly string[];
  /** Whether the job has a `container:`. */
  readonly container?: boolean;
  /** The path of Node 24; by default that of the running Node. npm scripts run by this repository's Node. */
  readonly node?: string;
}

/** Makes a runner's directories for as long as a job runs. */
export async function withRunner<T>(request: RunnerRequest, job: (runner: Runner) => Promise<T>): Promise<T> {
  const root = await mkdtemp(join(tmpdir(), "runner-"));
  let container: JobContainer | undefined;
  try {
    const masker = new Masker();
    request.secrets?.forEach((secret) => masker.addMask(secret));
    const env = await layOut(root, request);
    if (request.container === true) {
      const { workspace, node = process.execPath } = request;
      const temp = join(root, "_temp");
      const actionDir = resolve(request.actionDir);
      container = await JobContainer.start({ temp, workspace, actionDir, node: await realpath(node) });
    }
    return await job({ env, commandDir: join(root, "_temp", "_runner_file_commands"), masker, container });
  } finally {
    await container?.stop();
    await rm(root, { recursive: true, force: true });
  }
}

/** Makes the directories of a runner below `root`. Returns the variables of its steps, which name them. */
async function layOut(root: string, request: RunnerRequest): Promise<Record<string, string>> {
  const temp = join(root, "_temp");
  const home = join(root, "home");
  const eventPath = join(temp, "_github_workflow", "event.json");
  await mkdir(home);
  await mkdir(join(temp, "_runner_file_commands"), { recursive: true });
  await mkdir(join(temp, "_github_workflow"));
  await writeFile(
    eventPath,
    JSON.stringify({ ref: "refs/heads/main", repository: { full_name: "example-org/shop" } }),
  );
  return runnerEnvironment({
    temp,
    home,
    eventPath,
    workspace: request.workspace,
    actionDir: resolve(request.actionDir),
  });
}
