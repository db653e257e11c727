import { execFileSync, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { parse } from "yaml";
import { archiveOfWorkingTree } from "./archive.ts";
import { pathOfProgram } from "./virtual-environment.ts";
import { inTime, LONG_PATIENCE_MS } from "./until.ts";

/** The directories in `local/actions` of the stand-ins for other people's actions, by name and version in the workflows. */
const STAND_INS: Readonly<Record<string, string>> = {
  "actions/upload-artifact@v7": "upload-artifact",
  "aws-actions/configure-aws-credentials@v6": "configure-aws-credentials",
};

/** The directory of a run's artifacts. */
const ARTIFACTS = "artifacts";

export interface ActRequest {
  /** The files of the repository; those in `.github/workflows` are its workflows. */
  readonly files: Readonly<Record<string, string>>;
  /** The workflow that is run, as a path of `files`. */
  readonly workflow: string;
  readonly event: string;
  /** The job that is run alone, in these cells of its matrix. */
  readonly job?: { readonly name: string; readonly cells: readonly string[] };
  /** Whether the repository is that of this action: its files are what a runner downloads. */
  readonly isAction?: boolean;
  readonly inputs?: Readonly<Record<string, string>>;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly vars?: Readonly<Record<string, string>>;
  /** The variables of the runner. */
  readonly env: Readonly<Record<string, string>>;
  /** What the runner adds for a workflow with `permissions: id-token: write`. */
  readonly idTokenEnv: Readonly<Record<string, string>>;
}

export interface Artifact {
  /** Each file's bytes, by its path in the artifact. */
  readonly files: Readonly<Record<string, Buffer>>;
  readonly retentionDays: number;
}

export interface ActResult {
  readonly succeeded: boolean;
  /** What the steps printed, in the order of the engine's log. */
  readonly output: readonly string[];
  /** Results of jobs and steps, by "job" and "job / step": success, failure or skipped. */
  readonly results: ReadonlyMap<string, string>;
  /** Outputs of the steps with an id, by "id.name". */
  readonly outputs: ReadonlyMap<string, string>;
  /** What the stand-in of actions/upload-artifact has kept, by name. */
  readonly artifacts: ReadonlyMap<string, Artifact>;
  /** All that the engine said. */
  readonly log: string;
}

interface PermittedJob {
  readonly permissions?: Readonly<Record<string, string>>;
}

interface Entry {
  readonly msg: string;
  readonly job?: string;
  readonly step?: string;
  readonly stage?: string;
  readonly raw_output?: boolean;
  readonly stepResult?: string;
  readonly jobResult?: string;
  readonly stepID?: readonly string[];
  /** A workflow command of a step, with its name and argument. */
  readonly command?: string;
  readonly name?: string;
  readonly arg?: string;
}

/**
 * Runs a workflow by act, a workflow engine, on this machine itself: no container, and nothing is fetched. This action is what
 * a runner downloads; other people's actions are the stand-ins.
 */
export async function act(request: ActRequest): Promise<ActResult> {
  const root = mkdtempSync(join(tmpdir(), "act-"));
  try {
    const workspace = layOut(root, request);
    const args = [
      ...[request.event, "--directory", workspace, "--workflows", join(workspace, request.workflow)],
      ...["--json", "--action-offline-mode", "--no-cache-server", "--concurrent-jobs", "2"],
      ...["-P", "ubuntu-latest=-self-hosted", "-P", "self-hosted=-self-hosted"],
      ...[
        "--action-cache-path",
        join(root, "cache"),
        "--env-file",
        environmentFile(root, mayHaveIdToken(request) ? request.idTokenEnv : {}),
        "--secret-file",
        "",
        "--var-file",
        "",
      ],
      ...Object.entries(repositories(root, request)).flatMap(([name, path]) => [
        "--local-repository",
        `${name}=${path}`,
      ]),
      ...(request.job
        ? ["--job", request.job.name, ...request.job.cells.flatMap((cell) => ["--matrix", cell])]
        : []),
      ...flags("--input", request.inputs),
      ...flags("--secret", request.secrets),
      ...flags("--var", request.vars),
      ...flags("--env", request.env),
      ...["--env", `ARTIFACTS=${join(root, ARTIFACTS)}`],
    ];
    return await run(args, root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** A file with these variables. Other users of the machine can read the arguments of a process, and not this file. */
export function environmentFile(directory: string, values: Readonly<Record<string, string>>): string {
  const path = join(directory, "environment");
  const lines = Object.entries(values).map(([name, value]) => `${name}='${value}'\n`);
  writeFileSync(path, lines.join(""), { mode: 0o600 });
  return path;
}

/** The repository example-org/shop at a commit of main. */
function layOut(root: string, { files, isAction = false }: ActRequest): string {
  const workspace = join(root, "shop");
  if (isAction) unpackAction(workspace);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(workspace, path)), { recursive: true });
    writeFileSync(join(workspace, path), text);
  }
  const git = (...args: readonly string[]): Buffer =>
    execFileSync("git", ["-c", "user.name=someone", "-c", "user.email=someone@example.com", ...args], {
      cwd: workspace,
    });
  git("init", "--quiet", "--initial-branch", "main");
  git("remote", "add", "origin", "https://github.com/example-org/shop.git");
  git("add", "--all");
  git("commit", "--quiet", "--message", "The shop");
  return workspace;
}

let archive: Buffer | undefined;

function unpackAction(directory: string): void {
  mkdirSync(directory);
  execFileSync("tar", ["-x", "-C", directory], { input: (archive ??= archiveOfWorkingTree()) });
}

/** The directories of the actions, by name and version. The files name the version of this one. */
function repositories(root: string, { files }: ActRequest): Record<string, string> {
  const action = join(root, "action");
  unpackAction(action);
  const actions = resolve(import.meta.dirname, "../../local/actions");
  const standIns = Object.entries(STAND_INS).map(
    ([name, directory]) => [name, join(actions, directory)] as const,
  );
  // act knows a repository by its name and version, without the directory of a door.
  const own = Object.values(files).flatMap((text) =>
    [...text.matchAll(/\borg\/fargate-exec(?:\/(?:attach|forward))?@(v\d+)/g)].map(
      ([, version = ""]) => `org/fargate-exec@${version}`,
    ),
  );
  return Object.fromEntries([...own.map((name) => [name, action]), ...standIns]) as Record<string, string>;
}

/** Whether GitHub would give the workflow's jobs ID tokens: act itself knows no permissions. */
function mayHaveIdToken({ files, workflow }: ActRequest): boolean {
  const { permissions, jobs } = parse(files[workflow] ?? "") as PermittedJob & {
    jobs: Record<string, PermittedJob>;
  };
  return [permissions, ...Object.values(jobs).map((job) => job.permissions)].some(
    (given) => given?.["id-token"] === "write",
  );
}

function flags(flag: string, values: Readonly<Record<string, string>> = {}): readonly string[] {
  return Object.entries(values).flatMap(([name, value]) => [flag, `${name}=${value}`]);
}

async function run(args: readonly string[], root: string): Promise<ActResult> {
  const home = join(root, "home");
  mkdirSync(home);
  const child = spawn(pathOfProgram("act"), args, {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      HOME: home,
      // For act alone, not for the steps: an action that is neither ours nor a stand-in can't be fetched.
      HTTPS_PROXY: "http://127.0.0.1:9",
      // The runner's Node 24, and the AWS CLI.
      PATH: [dirname(process.execPath), dirname(pathOfProgram("aws")), "/usr/local/bin:/usr/bin:/bin"].join(
        ":",
      ),
    },
  });
  const entries: Entry[] = [];
  const words: string[] = [];
  const read = async (stream: NodeJS.ReadableStream): Promise<void> => {
    for await (const line of createInterface({ input: stream })) {
      words.push(line);
      if (line.startsWith("{")) entries.push(JSON.parse(line) as Entry);
    }
  };
  const ended = new Promise<number | null>((settle, fail) => child.once("error", fail).once("close", settle));
  const [status] = await inTime(
    "the end of act",
    Promise.all([ended, read(child.stdout), read(child.stderr)]),
    {
      patience: LONG_PATIENCE_MS,
      seen: () => words.slice(-20).join("\n"),
    },
  );
  const artifacts = artifactsIn(join(root, ARTIFACTS));
  return { succeeded: status === 0, ...readEntries(entries), artifacts, log: words.join("\n") };
}

/** The artifacts that `local/actions/upload-artifact` has kept in a directory, which is missing when there are none. */
function artifactsIn(directory: string): ReadonlyMap<string, Artifact> {
  const names = existsSync(directory) ? readdirSync(directory) : [];
  return new Map(
    names.map((name) => {
      const { files, retentionDays } = JSON.parse(readFileSync(join(directory, name), "utf8")) as {
        readonly files: Readonly<Record<string, string>>;
        readonly retentionDays: number;
      };
      const bytes = Object.entries(files).map(([path, text]) => [path, Buffer.from(text, "base64")] as const);
      return [basename(name, ".json"), { files: Object.fromEntries(bytes), retentionDays }];
    }),
  );
}

function readEntries(entries: readonly Entry[]): Pick<ActResult, "output" | "results" | "outputs"> {
  const output = entries
    .filter(({ raw_output: raw }) => raw === true)
    .map(({ msg }) => msg.replace(/\r?\n$/, ""));
  const outputs = new Map(
    entries
      .filter(({ command }) => command === "set-output")
      .map(({ stepID = [], name = "", arg = "" }) => [`${stepID.join(".")}.${name}`, arg]),
  );
  const results = new Map<string, string>();
  for (const { job = "", step = "", stage, stepResult, jobResult } of entries) {
    if (stepResult !== undefined && stage === "Main") results.set(`${job} / ${step}`, stepResult);
    if (jobResult !== undefined) results.set(job, jobResult);
  }
  return { output, results, outputs };
}
