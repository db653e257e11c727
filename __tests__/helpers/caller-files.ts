import type { Inputs } from "./local.ts";

const starts = (inputs: Inputs): boolean =>
  Boolean(inputs["task-definition"] ?? inputs["image"]) || inputs["start"] === "true";
const isFile = (definition: string | undefined): boolean => definition?.endsWith(".json") === true;
/** Registers a definition: our derived one for `hold`, one for `image`, or the one of a file. */
const registers = (inputs: Inputs): boolean =>
  starts(inputs) && (inputs["hold"] !== "false" || "image" in inputs || isFile(inputs["task-definition"]));
/** `handle` names the bucket of a job that runs already, if there is one. */
const mayStage = ({ bucket, handle }: Inputs): boolean => (bucket ?? handle) !== undefined;
const reads = (log: string, { logs = "auto" }: Inputs): boolean => ["auto", "bucket", log].includes(logs);

/**
 * When a step needs each file of the workflow's role, by its inputs, as the table in docs/iam/README.md says. A step always has
 * the files whose need depends on what it meets, such as a bucket that keeps versions or a cluster that encrypts its sessions.
 */
const NEEDED: Readonly<Record<string, (inputs: Inputs) => boolean>> = {
  "caller-running-task": () => true,
  "caller-without-bucket": ({ bucket }) => bucket === undefined,
  "caller-public-ip": () => true,
  "caller-service": ({ service }) => service !== undefined,
  "caller-protect": (inputs) =>
    !starts(inputs) && (inputs["protect"] ?? String(inputs["service"] !== undefined)) === "true",
  "caller-service-start": (inputs) => inputs["service"] !== undefined && starts(inputs),
  "caller-deployment": ({ deployment }) => deployment !== undefined,
  "caller-start-task": starts,
  "caller-image-size": starts,
  "caller-definitions": registers,
  "caller-bucket": mayStage,
  "caller-bucket-versions": mayStage,
  "caller-bucket-kms": mayStage,
  "caller-kms": () => true,
  "caller-logs-cloudwatch": (inputs) => reads("cloudwatch", inputs),
  "caller-logs-s3": (inputs) => reads("s3", inputs),
  "caller-diagnosis": () => true,
  "caller-check": ({ check }) => check === "true",
};

/** All files of the workflow's role. */
export const callerFiles: readonly string[] = Object.keys(NEEDED);

/** The files that the role of a step with these inputs needs. */
export function callerFilesFor(inputs: Inputs): readonly string[] {
  return callerFiles.filter((file) => NEEDED[file]?.(inputs));
}
