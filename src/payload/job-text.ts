import { containerGlob } from "../inputs/container-glob.ts";
import { DEADLINE_FILE, HOLD_SLACK_MS } from "../targets/definitions/hold-command.ts";
import { SILENCE_MS } from "./beat.ts";
import { PACKING_MS } from "./packing-time.ts";
import type { Artifacts } from "../inputs/inputs.ts";
import type { PackedFiles } from "./files/pack-files.ts";
import { quote } from "./quote.ts";
import { remembered } from "./remembered.ts";
import {
  artifactsPy,
  artifactsSource,
  inlinePython,
  jobSource,
  launchSource,
  passPy,
  placePy,
  placeSource,
  recorderAwk,
  recorderPy,
  trySource,
  uploaderPy,
} from "./container-source.ts";

/** What a job knows of items beside their list. */
export interface ItemSettings {
  readonly count: number;
  /** The seconds between two looks of the uploader for an order. */
  readonly pace: number;
}

/** What a job is made of. */
export interface JobOptions {
  readonly runId: string;
  readonly workers: number;
  /** Seconds until TERM; KILL comes ten seconds later. */
  readonly timeoutSeconds: number;
  /** How long the job waits for jobs of other runs that have no reader; 0: it does not look for any. */
  readonly waitSeconds: number;
  /** The job is stopped when its runner is silent. */
  readonly hasFence: boolean;
  /** The age of the last beat, in seconds, at which the runner is silent. */
  readonly silenceSeconds?: number | undefined;
  /** S3 may carry the output. */
  readonly pieces: boolean;
  /** The job may be detached without a reader. */
  readonly detaches: boolean;
  /** The output is copied to the container's own log, as far as its pipe takes it at once. */
  readonly logToContainer: boolean;
  /** The container is held for this job alone, and ends with it once the job was detached. */
  readonly isHeldForJob: boolean;
  /** The container lives on for later steps, which put its end off. */
  readonly keepsTask?: boolean | undefined;
  /** The task lives on, and a shell in it is to have the job's directory and variables. */
  readonly keepsForShell?: boolean | undefined;
  /** The names and sizes of what the payload has behind this text (`cutsOf`). */
  readonly cuts: readonly (readonly [name: string, bytes: number])[];
  /** The script runs for items, whose list is one of the parts. */
  readonly items?: ItemSettings | undefined;
  /** Files that are placed before the script starts; their archive is one of the parts. */
  readonly files?: Pick<PackedFiles, "destinations" | "needsPax"> | undefined;
  /** Files that are brought back after the script. */
  readonly artifacts?: Pick<Artifacts, "globs" | "maxCount" | "maxBytes"> | undefined;
  /** A command template: words with `{0}` where the script's path goes. */
  readonly shell: string;
  readonly args: readonly string[];
  readonly workingDirectory: string | undefined;
  /** Standard error goes into the pipe of standard output. */
  readonly mergesStderr: boolean;
  /** A user of the image, by name or number, with an optional group behind a colon; undefined for root. */
  readonly user: string | undefined;
  /** Not secret: this text may be staged in S3. Names are POSIX names. */
  readonly env: Readonly<Record<string, string>>;
  /** Variables that are set after the secrets, so that no input can change them. */
  readonly ownEnv: Readonly<Record<string, string>>;
  /** For the header, when the task's metadata endpoint does not answer. */
  readonly clusterName: string;
  readonly taskArn: string;
  readonly container: string;
  /** The workflow run, for the header. */
  readonly runUrl: string | undefined;
}

/** A program is the same for each target. */
const quotedProgram = remembered(quote);

/** The standard output of the container's PID 1, which its log driver reads. */
const CONTAINER_LOG = "/proc/1/fd/1";

/**
 * The job as POSIX shell: the settings of this run, then the parts that are the same for all runs.
 * `container/README.md` lists the settings.
 */
export function jobText(options: JobOptions): string {
  return [
    `fx_id=${quote(options.runId)}`,
    `fx_cluster=${quote(options.clusterName)}`,
    `fx_arn=${quote(options.taskArn)}`,
    `fx_container=${quote(options.container)}`,
    `fx_url=${quote(options.runUrl ?? "")}`,
    `fx_workers=${options.workers}`,
    `fx_timeout=${options.timeoutSeconds}`,
    `fx_wait=${options.waitSeconds}`,
    `fx_silence=${options.silenceSeconds ?? SILENCE_MS / 1000}`,
    `fx_fence=${options.hasFence ? 1 : ""}`,
    `fx_echo=${options.logToContainer ? CONTAINER_LOG : ""}`,
    `fx_pieces=${options.pieces ? 1 : ""}`,
    `fx_leaves=${options.pieces || options.detaches ? 1 : ""}`,
    `fx_held_for_job=${options.isHeldForJob ? 1 : ""}`,
    `fx_keeps=${options.keepsTask === true ? 1 : ""}`,
    `fx_lives_on=${options.keepsForShell === true ? 1 : ""}`,
    `fx_deadline=${DEADLINE_FILE}`,
    `fx_slack=${HOLD_SLACK_MS / 1000}`,
    `fx_cuts=${quote(options.cuts.map((cut) => cut.join(":")).join(" "))}`,
    ...itemsText(options),
    `fx_merged=${options.mergesStderr ? 1 : ""}`,
    `fx_user=${quote(options.user ?? "")}`,
    `fx_workdir=${quote(options.workingDirectory ?? "")}`,
    `fx_for_shell=${quote(`fx_directory=${quote(options.workingDirectory ?? "")}`)}`,
    `fx_environment=${quote(settings(options.env))}`,
    `fx_own_environment=${quote(settings(options.ownEnv))}`,
    `fx_recorder_py=${quotedProgram(recorderPy())}`,
    `fx_recorder_awk=${quotedProgram(recorderAwk())}`,
    ...(options.pieces ? [`fx_uploader_py=${quotedProgram(uploaderPy())}`] : []),
    ...["become", "environ", "metadata", "pack"].map(
      (name) => `fx_${name}_py=${quotedProgram(inlinePython(`${name}.py`))}`,
    ),
    ...filesText(options.files),
    ...artifactsText(options),
    `fx_launch_sh=${quotedProgram(launchSource())}`,
    `fx_try_sh=${quotedProgram(trySource())}`,
    `fx_command() {`,
    `"$@" ${commandWords(options.shell, options.args)}`,
    `}`,
    jobSource({
      ...options,
      fence: options.hasFence,
      hasItems: options.items !== undefined,
      hasFiles: options.files !== undefined,
      hasArtifacts: options.artifacts !== undefined,
    }),
  ].join("\n");
}

function itemsText({ items, detaches }: JobOptions): readonly string[] {
  if (items === undefined) return ["fx_items="];
  return [`fx_items=${items.count}`, `fx_items_pace=${items.pace}`, `fx_detaches=${detaches ? 1 : ""}`];
}

/** The settings and programs that place files, when there are any. */
function filesText(files: JobOptions["files"]): readonly string[] {
  if (files === undefined) return ["fx_files=''"];
  return [
    "fx_files=1",
    `fx_pax=${files.needsPax ? 1 : ""}`,
    `fx_place_py=${quotedProgram(placePy())}`,
    `fx_place_sh=${quotedProgram(placeSource())}`,
    "fx_with_destinations() {",
    `"$@" ${files.destinations.map(quote).join(" ")}`,
    "}",
  ];
}

/** The programs that pack artifacts and the directories of items, when there are any, and the settings of artifacts. */
function artifactsText({
  artifacts,
  items,
  pieces,
}: Pick<JobOptions, "artifacts" | "items" | "pieces">): readonly string[] {
  const programs = [
    `fx_artifacts_py=${quotedProgram(artifactsPy())}`,
    `fx_artifacts_sh=${quotedProgram(artifactsSource())}`,
    `fx_pass_py=${quotedProgram(passPy(pieces))}`,
  ];
  if (artifacts === undefined) return ["fx_artifacts=''", ...(items === undefined ? [] : programs)];
  const globs = artifacts.globs.map(containerGlob).flatMap(({ isExclusion, base, depth, regex }) => {
    return [isExclusion ? "-" : "+", base, depth?.toString() ?? "", regex];
  });
  const words = [artifacts.maxCount, artifacts.maxBytes, ...globs];
  return [
    "fx_artifacts=1",
    `fx_packing_time=${PACKING_MS / 1000}`,
    ...programs,
    "fx_with_globs() {",
    `"$@" "$fx_workdir" ${words.map((word) => quote(String(word))).join(" ")}`,
    "}",
  ];
}

/** Calls of the shell function `fx_set` with each name and value. `inputs/` has checked the names. */
export function settings(env: Readonly<Record<string, string>>): string {
  return Object.entries(env)
    .map(([name, value]) => `fx_set ${name} ${quote(value)}`)
    .join("\n");
}

function commandWords(template: string, args: readonly string[]): string {
  const words = template
    .trim()
    .split(/\s+/)
    .map((word) =>
      word
        .split("{0}")
        .map((part) => (part === "" ? "" : quote(part)))
        .join(`"$fx_dir/script"`),
    );
  return [...words, ...args.map(quote)].join(" ");
}
