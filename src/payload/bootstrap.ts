import type { Payload } from "./payload.ts";
import { doubleQuote, quote } from "./quote.ts";
import {
  bootstrapSource,
  downloadSeconds,
  fetchPy,
  inlinePython,
  PARENT_DIRECTORIES,
  shortenSource,
} from "./container-source.ts";

/** How the payload gets into the container: from S3, or typed into the session. */
export type Delivery =
  | {
      readonly kind: "s3";
      readonly bucket: string;
      /** The account that the bucket has to belong to, if known. */
      readonly owner?: string | undefined;
      readonly key: string;
      readonly region: string;
    }
  | { readonly kind: "session" };

export interface BootstrapOptions {
  /** Names the job directory. A session with the same run id attaches to the same job. */
  readonly runId: string;
  /** The byte of the spool to go on from. */
  readonly at: number;
  /** Undefined for a job that another step has started. The container then starts none. */
  readonly start: JobStart | undefined;
  /**
   * True for the first session of a step that attaches to such a job. The session goes on from the first byte that is still kept.
   * The container refuses it when another step follows the job by a session.
   */
  readonly isNewReader?: boolean | undefined;
}

/** What a container needs to start a job. */
export interface JobStart {
  readonly payload: Payload;
  readonly delivery: Delivery;
}

/**
 * How long a bootstrap waits for its runner, beside the time that the download of the payload may take. A runner connects to its session
 * within 30 s of its begin, or comes back as soon after a cut, and types at once. A later run waits for a lone session without a client a
 * little longer (lone-session.ts).
 */
const PATIENCE_SECONDS = 40;

/**
 * The most characters of a command. ECS documents no limit, but CloudTrail records every command. So a command does not
 * grow with the script.
 */
export const LONGEST_COMMAND = 4096;

/**
 * The `command` of ExecuteCommand: `/bin/sh -c '…'` with the whole bootstrap as one word, because the agent splits it
 * into words without a shell. It holds no secret, no `{{` and no `$$`.
 */
export function bootstrapCommand(options: BootstrapOptions): string {
  const { runId, at, start, isNewReader = false } = options;
  const script = [
    `fx_id=${quote(runId)} fx_at=${at} fx_head=${start?.payload.scriptAt ?? 0} fx_due=${patienceSeconds(start)}`,
    ...(isNewReader ? ["fx_any=1"] : []),
    `fx_dirs=${doubleQuote(PARENT_DIRECTORIES.join(" "))}`,
    `fx_mute=${doubleQuote(inlinePython("echo_off.py"))}`,
    // An attacher that resumes fetches nothing.
    ...(at > 0 ? [] : [start === undefined ? "fx_fetch() { :; }" : fetchFunction(runId, start)]),
    "set +x",
    shortenSource(bootstrapSource()),
  ].join("\n");
  return `/bin/sh -c ${quote(script)}`;
}

function patienceSeconds(start: JobStart | undefined): number {
  const downloads = start?.delivery.kind === "s3";
  return PATIENCE_SECONDS + (downloads ? downloadSeconds(start.payload.bytes.length) : 0);
}

/**
 * The reason for a missing payload that a container gives when the session carries the payload and the container can
 * unpack it.
 */
export const PACKED = "packed";

/**
 * The shell function that downloads the payload. When the session carries the payload, the function only finds out
 * whether the container can unpack it.
 */
function fetchFunction(runId: string, { payload, delivery }: JobStart): string {
  if (delivery.kind === "session") {
    const [gzip, base64] = ["command -v gzip", "command -v base64"];
    return `fx_fetch() { ${gzip}&&${base64}&&fx_safe "$(${gzip})" "$(${base64})"&&fx_why=${PACKED}; :; } >/dev/null`;
  }
  const { bucket, key, region } = delivery;
  const program = quote(`${inlinePython("apart.py")}\n${fetchPy(payload.bytes.length)}`);
  const object = [quote(bucket), key.split(runId).map(quote).join('"$fx_id"'), quote(region)];
  const words = [program, ...object, payload.sha256].join(" ");
  return `fx_fetch(){ HOME=$fx_dir AWS_MAX_ATTEMPTS=1 "$fx_file" -Ic ${words} "$fx_dir/payload">/dev/null 2>"$fx_dir/err";}`;
}
