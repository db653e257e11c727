import { payloadFile } from "./files.ts";

/** Where the job directory may be, in this order: first the places that only root can write to. */
export const PLACES = ["/var/lib", "/run", "/tmp", "/var/tmp", "/dev/shm"] as const;

/** The command of a session. The attacher uses its functions, too. */
const BOOTSTRAP = ["ours.sh", "process.sh", "bootstrap.sh"];

/** The command that stops a job without a session. */
const STOP = ["ours.sh", "process.sh", "signals.sh", "stop.sh"];

/** The file `job` in the container. Its parts define functions; the line after them calls the first one. */
const JOB = [
  "main.sh",
  "directory.sh",
  "process.sh",
  "signals.sh",
  "processes.sh",
  "header.sh",
  "reader.sh",
  "others.sh",
  "attacher.sh",
  "send.sh",
  "job.sh",
  "check.sh",
  "user.sh",
  "workers.sh",
  "record.sh",
  "spool.sh",
];

/** One program: what it hides, what it writes for a line, and where. */
const RECORDER = ["redact.py", "records.py", "recorder.py"];

export const bootstrapSource = (): string => joined(BOOTSTRAP);
export const stopSource = (): string => joined(STOP);
export const jobSource = (): string => `${joined(JOB)}\nfx_main "$@"\n`;
export const recorderPy = (): string => joined(RECORDER);

/**
 * The text without comments and empty lines. For programs that are an argument of `-c`: they are in the process list, or
 * in CloudTrail.
 */
export function withoutComments(source: string): string {
  return source
    .split("\n")
    .filter((line) => !/^\s*(#|$)/.test(line))
    .join("\n");
}

/** A Python program of `container/` as it is given to `python3 -c`. */
export function inlinePython(name: string): string {
  return withoutComments(payloadFile(name));
}

/**
 * Shell as it is sent in a command, which CloudTrail records: without comments, indentation, and blanks around `||` and
 * `&&`, of which none may stand in a string.
 */
export function shortened(source: string): string {
  return withoutComments(source)
    .replace(/^\s+/gm, "")
    .replace(/ (\|\||&&) /g, "$1");
}

function joined(names: readonly string[]): string {
  return names.map((name) => payloadFile(name)).join("\n");
}
