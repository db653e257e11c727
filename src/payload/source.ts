import { payloadFile } from "./files.ts";

/** Where the job directory may be, in this order: those first that only root can write to. */
export const PLACES = ["/var/lib", "/run", "/tmp", "/var/tmp", "/dev/shm"] as const;

/** What the command of a session runs. The job uses its functions, too. */
const BOOTSTRAP = ["ours.sh", "process.sh", "bootstrap.sh"];

/** What stops a job without a session. */
const STOP = ["ours.sh", "process.sh", "group.sh", "stop.sh"];

/** One file in the container. All of its parts but the last one only define functions. */
const JOB = [
  "directory.sh",
  "process.sh",
  "group.sh",
  "processes.sh",
  "header.sh",
  "user.sh",
  "spool.sh",
  "record.sh",
  "workers.sh",
  "check.sh",
  "job.sh",
  "send.sh",
  "others.sh",
  "watch.sh",
];

/** The assignment by which the container knows them. In double quotes: single ones are four bytes each in a command. */
export const places = (): string => `fx_places="${PLACES.join(" ")}"`;

export const bootstrapSource = (): string => joined(BOOTSTRAP);
export const stopSource = (): string => joined(STOP);
export const jobSource = (): string => joined(JOB);
export const loaderSource = (): string => payloadFile("loader.sh");

function joined(names: readonly string[]): string {
  return names.map((name) => payloadFile(name)).join("\n");
}
