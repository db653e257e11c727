import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, delimiter, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { environmentFile } from "../../__tests__/helpers/act.ts";
import type { Machine } from "./machine.ts";

/** Other people's actions, with the names of the clone's stand-ins for them. */
const STAND_INS: Readonly<Record<string, string>> = {
  "actions/upload-artifact@v7": "upload-artifact",
  "aws-actions/configure-aws-credentials@v6": "configure-aws-credentials",
};

export interface Run {
  /** The files of the repository `example-org/shop`. The first one is the workflow that is run. */
  readonly files: Readonly<Record<string, string>>;
  readonly event: string;
  readonly inputs?: Readonly<Record<string, string>>;
  readonly secrets?: Readonly<Record<string, string>>;
  /** The environment variables of the runner. */
  readonly env: Readonly<Record<string, string>>;
}

/** What the clone's `local/actions/upload-artifact` writes. */
export interface KeptArtifact {
  /** Each file in base64, by its path in the artifact. */
  readonly files: Readonly<Record<string, string>>;
  readonly retentionDays: number;
}

/** The result of a run. */
export interface RunResult {
  readonly succeeded: boolean;
  /** The lines that steps printed. */
  readonly output: readonly string[];
  /** The outputs of all steps, each as `step.name=value`. */
  readonly outputs: readonly string[];
  /** Each as `level title: message`. */
  readonly annotations: readonly string[];
  /** The markdown that each step wrote. */
  readonly summaries: readonly string[];
  /** The artifacts that the stand-in has kept, by name. */
  readonly artifacts: Readonly<Record<string, KeptArtifact>>;
  readonly log: string;
}

interface Entry {
  readonly msg: string;
  readonly stepID?: readonly string[];
  readonly raw_output?: boolean;
  readonly command?: string;
  readonly name?: string;
  readonly arg?: string;
  readonly content?: string;
  readonly kvPairs?: { readonly title?: string };
}

/** The directories of this repository's two copies: the newcomer's clone, and the action as a runner downloads it. */
export interface Copies {
  readonly clone: string;
  readonly action: string;
}

/** Runs a workflow by act from the clone's `.venv`. The jobs are processes of this machine, without containers. */
export async function runWorkflow(machine: Machine, { clone, action }: Copies, run: Run): Promise<RunResult> {
  const home = machine.env["HOME"] ?? "";
  const workspace = mkdtempSync(join(home, "shop-"));
  for (const [path, text] of Object.entries(run.files)) {
    mkdirSync(dirname(join(workspace, path)), { recursive: true });
    writeFileSync(join(workspace, path), text);
  }
  const author = "-c user.name=someone -c user.email=someone@example.com";
  const origin = "https://github.com/example-org/shop.git";
  machine.run(
    workspace,
    `git init -q -b main && git remote add origin ${origin} && git add -A && git ${author} commit -q -m "The shop"`,
  );
  const [workflow = ""] = Object.keys(run.files);
  const kept = mkdtempSync(join(home, "artifacts-"));
  const repositories = Object.entries(STAND_INS).map(
    ([name, at]) => `${name}=${join(clone, "local/actions", at)}`,
  );
  // act knows a repository by its name and version, without the directory of a door.
  const own = Object.values(run.files).flatMap((text) =>
    [...text.matchAll(/\borg\/fargate-exec(?:\/attach)?@(v\d+)/g)].map(
      ([, version = ""]) => `org/fargate-exec@${version}`,
    ),
  );
  const args = [
    ...[run.event, "--workflows", workflow, "--json", "--action-offline-mode", "--no-cache-server"],
    ...["-P", "ubuntu-latest=-self-hosted", "-P", "self-hosted=-self-hosted"],
    ...[...own.map((name) => `${name}=${action}`), ...repositories].flatMap((one) => [
      "--local-repository",
      one,
    ]),
    ...pairs("--input", run.inputs),
    ...pairs("--secret", run.secrets),
    ...["--env-file", environmentFile(mkdtempSync(join(home, "environment-")), run.env)],
    ...["--env", `ARTIFACTS=${kept}`],
  ];
  const path = [join(clone, "node_modules/.bin"), join(clone, ".venv/bin"), machine.env["PATH"]].join(
    delimiter,
  );
  const child = spawn(join(clone, ".venv/bin/act"), args, {
    cwd: workspace,
    env: { ...machine.env, PATH: path, HTTPS_PROXY: "http://127.0.0.1:9" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<number | null>((settle, fail) => child.once("error", fail).once("close", settle));
  const lines: string[] = [];
  const read = async (stream: NodeJS.ReadableStream): Promise<void> => {
    for await (const line of createInterface({ input: stream })) lines.push(line);
  };
  await Promise.all([read(child.stdout), read(child.stderr)]);
  const artifacts = readdirSync(kept).map((file) => [
    basename(file, ".json"),
    JSON.parse(readFileSync(join(kept, file), "utf8")) as KeptArtifact,
  ]);
  return {
    ...{ succeeded: (await ended) === 0, ...readShown(lines), log: lines.map(readable).join("\n") },
    artifacts: Object.fromEntries(artifacts) as Readonly<Record<string, KeptArtifact>>,
  };
}

/** The message of a line of act's log. */
const readable = (line: string): string =>
  line.startsWith("{") ? (JSON.parse(line) as Entry).msg.replace(/\n$/, "") : line;

const pairs = (flag: string, values: Readonly<Record<string, string>> = {}): readonly string[] =>
  Object.entries(values).flatMap(([name, value]) => [flag, `${name}=${value}`]);

function readShown(lines: readonly string[]): Omit<RunResult, "succeeded" | "log" | "artifacts"> {
  const entries = lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as Entry);
  const of = (...commands: readonly string[]): readonly Entry[] =>
    entries.filter(({ command = "" }) => commands.includes(command));
  return {
    output: entries.filter((entry) => entry.raw_output === true).map(({ msg }) => msg.replace(/\r?\n$/, "")),
    outputs: of("set-output").map(
      ({ stepID = [], name = "", arg = "" }) => `${stepID.join(".")}.${name}=${arg}`,
    ),
    annotations: of("error", "warning", "notice").map(
      ({ command = "", arg = "", kvPairs }) => `${command} ${kvPairs?.title ?? ""}: ${arg}`,
    ),
    summaries: of("summary").map(({ content = "" }) => content),
  };
}
