import { payloadFile } from "./container-files.ts";
import { quote } from "./quote.ts";
import { remembered } from "./remembered.ts";

/** Directories that may hold the job directory, in the order of choice: first those that only root can write to. */
export const PARENT_DIRECTORIES = ["/var/lib", "/run", "/tmp", "/var/tmp", "/dev/shm"] as const;

/** The parts of the bootstrap, which is a session's command. The attacher uses its functions, too. */
const BOOTSTRAP = ["safe.sh", "ours.sh", "process.sh", "words.sh", "bootstrap.sh"];

/** The parts of the command that stops a job. */
const STOP = ["safe.sh", "ours.sh", "process.sh", "signals.sh", "stop.sh"];

/** The parts of the file `job` in the container. They define functions; the line after them calls `fx_main`. */
const JOB = [
  "main.sh",
  "directory.sh",
  "safe.sh",
  "process.sh",
  "words.sh",
  "signals.sh",
  "processes.sh",
  "beat.sh",
  "guard.sh",
  "tools.sh",
  "apart.sh",
  "credentials.sh",
  "header.sh",
  "reader.sh",
  "others.sh",
  "hold.sh",
  "keep.sh",
  "attacher.sh",
  "job.sh",
  "check.sh",
  "user.sh",
  "workers.sh",
  "record.sh",
  "spool.sh",
  "file-commands.sh",
];

/** The parts for a job whose session may be released, and those for a job whose output S3 may carry. No other job has them. */
const LEAVES = ["leave.sh"];
const PIECES = ["upload.sh", "curl.sh", "order.sh"];

/** The part of the file `job` for a job whose run holds a lock. */
const FENCE = ["fence.sh"];

/** The parts of the file `job` for a job with items. */
const ITEMS = ["items.sh", "item-orders.sh", "item-results.sh", "item-dir.sh"];

/** The part of the file `job` for a job that brings files. */
const FILES = ["files.sh"];

/** The part of the file `job` for a job whose files are brought back: artifacts, or the directories of items. */
const ARTIFACTS = ["artifacts.sh"];

/** What a job may have beside the parts of every job. */
export interface OptionalParts {
  /** S3 may carry the output. */
  readonly pieces: boolean;
  /** The job may be detached without a reader. */
  readonly detaches: boolean;
  readonly fence?: boolean;
  readonly hasItems?: boolean;
  readonly hasFiles?: boolean;
  readonly hasArtifacts?: boolean;
}

/** The parts of the loader, and those of the loader that unpacks a payload which is typed behind it. */
const LOADER = ["signals.sh", "guard.sh", "tools.sh", "apart.sh", "verify.sh", "loader.sh"];
const UNPACKER = ["signals.sh", "guard.sh", "tools.sh", "apart.sh", "verify.sh", "unpack.sh"];

/** The parts of the Python recorder: records without secrets, the copy for the container's log, and the program. */
const RECORDER = ["records.py", "echo.py", "recorder.py"];

/** The parts of the uploader in Python: objects, S3, and the program. */
const UPLOADER = ["objects.py", "s3.py", "uploader.py"];

/** The program that makes records of the archive of artifacts, and the one that also puts parts of it into S3. */
const PASS = ["pass.py"];
const PASS_IN_PARTS = ["objects.py", "s3.py", "parts.py", "pass.py"];

/** The programs that run as the user of the script: the check of the script, and the start of a worker. */
const TRY = ["enter.sh", "try.sh"];
const LAUNCH = ["enter.sh", "launch.sh"];

/** The program that places files when the image has no python3. */
const PLACE = ["safe.sh", "place.sh"];

/** The program that packs artifacts when the image has no python3. */
const ARTIFACTS_BY_TAR = ["safe.sh", "enter.sh", "artifacts_tar.sh"];

/** The programs in Python that place files and that pack artifacts. */
const PLACE_BY_PYTHON = ["way.py", "place.py"];
const ARTIFACTS_BY_PYTHON = ["way.py", "selection.py", "artifacts.py"];

/** The command of a forward's session, and the program that is typed there. */
const FORWARD = ["safe.sh", "ours.sh", "forward.sh"];
const FORWARD_BY_PYTHON = ["packets", "link", "pty", "connections", "relay"]
  .map((part) => `forward_${part}.py`)
  .concat("forward.py");

/** The command of a shell's session, and the program that becomes the shell. */
const SHELL = ["safe.sh", "ours.sh", "shell.sh"];
const SHELL_LAUNCH = ["enter.sh", "shell_launch.sh"];

/** A file never changes while the action runs, and a step makes a payload for each target. */
const sourceOf = remembered((name) => payloadFile(name));
const codeOf = remembered((name) => withoutComments(payloadFile(name)));
const joined = {
  sources: remembered((names) => names.split(" ").map(sourceOf).join("\n")),
  code: remembered((names) => names.split(" ").map(codeOf).join("\n")),
};

export const bootstrapSource = (): string => joinSources(BOOTSTRAP);
export const stopSource = (): string => joinSources(STOP);
export const recorderPy = (): string => joinCode(RECORDER);
export const recorderAwk = (): string => codeOf("recorder.awk");
export const uploaderPy = (): string => joinCode(UPLOADER);
export const trySource = (): string => shortenSource(joinSources(TRY));
export const launchSource = (): string => shortenSource(joinSources(LAUNCH));
export const placePy = (): string => joinCode(PLACE_BY_PYTHON);
export const artifactsPy = (): string => joinCode(ARTIFACTS_BY_PYTHON);
export const passPy = (pieces: boolean): string => joinCode(pieces ? PASS_IN_PARTS : PASS);
export const artifactsSource = (): string =>
  `fx_match_awk=${quote(codeOf("match.awk"))}\n${joinCode(ARTIFACTS_BY_TAR)}`;
export const forwardSource = (): string => joinSources(FORWARD);
export const forwardPy = (): string => joinCode(FORWARD_BY_PYTHON);
export const shellSource = (): string => joinSources(SHELL);
export const shellLaunchSource = (): string => joinCode(SHELL_LAUNCH);
export const placeSource = (): string => joinCode(PLACE);
export const loaderParts = (): string => joinSources(LOADER);
export const unpackerParts = (): string => joinSources(UNPACKER);

/** The code of the job as its authors read it. */
export function jobParts(optional: OptionalParts): string {
  return joinSources(jobFiles(optional));
}

function jobFiles(optional: OptionalParts): readonly string[] {
  const { pieces, detaches, fence = false } = optional;
  const { hasItems = false, hasFiles = false, hasArtifacts = false } = optional;
  return [
    ...JOB,
    ...(pieces || detaches ? LEAVES : []),
    ...(pieces ? PIECES : []),
    ...(fence ? FENCE : []),
    ...(hasItems ? ITEMS : []),
    ...(hasFiles ? FILES : []),
    ...(hasArtifacts || hasItems ? ARTIFACTS : []),
  ];
}

/** The code of the job without comments, and the call of `fx_main`. */
export function jobSource(options: OptionalParts): string {
  return `${joinCode(jobFiles(options))}\nfx_main "$@"\n`;
}

/**
 * The text without comments and empty lines, for what is typed, and for a program in an argument of `-c`, which the
 * process list or CloudTrail shows.
 */
export function withoutComments(source: string): string {
  return source
    .split("\n")
    .filter((line) => !/^\s*(#|$)/.test(line))
    .join("\n");
}

/** The most seconds for a download of this many bytes by boto3: 5 s, and one second more for each MiB. */
export function downloadSeconds(bytes: number): number {
  return 5 + Math.ceil(bytes / (1 << 20));
}

/** A Python program of `container/`, for `python3 -c`. */
export function inlinePython(name: string): string {
  return codeOf(name);
}

/** The program that downloads a payload of this many bytes by boto3. */
export function fetchPy(bytes: number): string {
  return inlinePython("fetch.py").replace("SECONDS", String(downloadSeconds(bytes)));
}

/**
 * Shell for a command, which CloudTrail records. It lacks comments, indentation, and what POSIX's grammar does not need: blanks,
 * empty quotes and the last `;;` of a `case`. The source must have none of these in a string.
 */
export const shortenSource = remembered((source) =>
  withoutComments(source)
    .replace(/^\s+/gm, "")
    .replace(/ (\|\|?|&&) /g, "$1")
    .replace(/; (do|then|esac|\})/g, ";$1")
    .replace(/ (;;) ?/g, "$1")
    .replace(/\n?;;\nesac/g, "\nesac")
    .replace(/;;\n/g, ";;")
    .replace(/(?<=\(\(\w+) -= /g, "-=")
    .replace(/;;esac/g, ";esac")
    .replace(/\*\)\s/g, "*)")
    .replace(/\) case /g, ")case ")
    .replace(/(?<=\w) &$/gm, "&")
    .replace(/\(\) \{/g, "(){")
    .replace(/=""(?=\s)/g, "=")
    .replace(/(?<!\d) ([<>])(?=["&/])/g, "$1"),
);

function joinCode(names: readonly string[]): string {
  return joined.code(names.join(" "));
}

function joinSources(names: readonly string[]): string {
  return joined.sources(names.join(" "));
}
