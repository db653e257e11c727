import type { Payload } from "./payload.ts";
import { quote } from "./quote.ts";
import { bootstrapSource, places } from "./source.ts";

/** How the payload gets into the container: from S3, or typed into the session. */
export type Delivery =
  | {
      readonly kind: "s3";
      readonly bucket: string;
      /** The account that the bucket has to belong to, where that is known. */
      readonly owner?: string | undefined;
      readonly key: string;
      readonly region: string;
    }
  | { readonly kind: "session" };

export interface BootstrapOptions {
  /** Names the job directory: the same run id attaches to the same job. */
  readonly runId: string;
  /** The byte of the spool to go on from. */
  readonly at: number;
  /** Output is packed when more than this many bytes of it wait; undefined: never. */
  readonly packAbove: number | undefined;
  readonly payload: Payload;
  readonly delivery: Delivery;
}

/**
 * What a command may be long. ECS documents no limit; it records every command in CloudTrail, so ours is short
 * whatever the script's size.
 */
export const LONGEST_COMMAND = 4096;

/**
 * The `command` of ExecuteCommand: `/bin/sh -c '…'` with the whole bootstrap as one word. The agent splits it into
 * words without a shell, so nothing else would do. It holds no secret, no `{{` and no `$$`.
 */
export function bootstrapCommand(options: BootstrapOptions): string {
  const { payload, delivery } = options;
  const script = [
    places(),
    `fx_id=${quote(options.runId)} fx_at=${options.at} fx_from=${payload.scriptAt + 1} fx_pack=${options.packAbove ?? "''"}`,
    delivery.kind === "s3" ? fetchFromS3(payload, delivery) : "fx_fetch() { :; }",
    "set +x",
    withoutComments(bootstrapSource()),
  ].join("\n");
  return `/bin/sh -c ${quote(script)}`;
}

function fetchFromS3(payload: Payload, from: { bucket: string; key: string; region: string }): string {
  const download = [
    "import boto3,hashlib,signal,sys",
    "b,k,r,d,p=sys.argv[1:]",
    "signal.alarm(5)",
    `c=boto3.session.Config(connect_timeout=2,read_timeout=3,retries={"max_attempts":0})`,
    `a=boto3.client("s3",r,config=c).get_object(Bucket=b,Key=k)["Body"]`,
    "signal.alarm(0)",
    "a=a.read()",
    `hashlib.sha256(a).hexdigest()==d or sys.exit("checksum mismatch")`,
    `open(p,"wb").write(a)`,
  ].join("\n");
  const words = [from.bucket, from.key, from.region, payload.sha256].map(quote).join(" ");
  return `fx_fetch() { HOME=$fx_dir python3 -I -c ${quote(download)} ${words} "$fx_dir/payload" >/dev/null 2>"$fx_dir/err"; }`;
}

/** Shell as it is sent in a command: short, for CloudTrail keeps it. */
export function withoutComments(source: string): string {
  return source
    .split("\n")
    .map((line) => line.trimStart())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .join("\n");
}
