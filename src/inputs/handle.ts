import { createHash } from "node:crypto";
import { isRecord } from "../record.ts";
import { ECS_ARN, ECS_NAME } from "./ecs-names.ts";
import { ACCOUNT, BUCKET, KMS_KEY } from "./staging-names.ts";

/**
 * A job that a step has left running in its container, with all that another step needs to follow it. A principal who has it can
 * follow the job and stop it, given the rights of a follower in AWS; `docs/security.md` says what its keys are good for.
 */
export interface JobHandle {
  /** ARN. */
  readonly cluster: string;
  /** ARN. */
  readonly task: string;
  readonly container: string;
  readonly runtimeId: string;
  /** The id of the run, which names the job directory. */
  readonly run: string;
  /** What every mark of the job's sessions begins with. */
  readonly nonce: string;
  readonly workers: number;
  /** When the job's `timeout` stops it at the latest, in milliseconds since the epoch. */
  readonly until: number;
  /** The byte of the spool up to which the output was shown for certain. */
  readonly shown: number;
  /** Whether the step that has started the job asked for artifacts. */
  readonly hasArtifacts: boolean;
  /** The inputs of the staging, which also name the queue of the container; undefined for a job without a bucket. */
  readonly staging: HandleStaging | undefined;
  /** Where the container uploads the output; undefined where it does not. */
  readonly pieces: HandlePieces | undefined;
}

export interface HandleStaging {
  readonly bucket: string;
  readonly prefix: string;
  readonly bucketOwner: string | undefined;
  readonly kmsKeyId: string | undefined;
}

/** The folder of the output, below the prefix of the staging. */
export interface HandlePieces {
  /** 32 hex digits, which name the folder. */
  readonly job: string;
  /** 64 hex digits each. */
  readonly keys: { readonly inner: string; readonly outer: string };
  /** Until when the container may write there without a renewal, in milliseconds since the epoch. */
  readonly writableUntil: number;
}

/** The first part of a handle, which names its version. */
const VERSION = "fx1";
/** The most characters of a handle. AWS bounds all names in it. */
const LONGEST = 8_000;
const CHECK_DIGITS = 8;

/** The handle as text: letters, digits, `-`, `_` and two dots. It holds keys, and is not to be shown. */
export function writeHandle(handle: JobHandle): string {
  const body = Buffer.from(JSON.stringify(handle)).toString("base64url");
  return `${VERSION}.${body}.${checkDigits(body)}`;
}

/** The handle that this text is; else a clause that says what is wrong with it, without any part of it. */
export function parseHandle(text: string): JobHandle | string {
  const [version = "", body = "", digits, ...more] = text.split(".");
  if (!/^fx\d{1,3}$/.test(version) || text.length > LONGEST)
    return `a text of ${text.length} characters that is no handle`;
  if (version !== VERSION) return "a handle of another version of this action";
  if (digits !== checkDigits(body) || more.length > 0) return "a handle that is cut short or changed";
  return parseBody(body) ?? "a handle that does not name one job";
}

/** They tell a text that was cut or changed by accident. They prove nothing about its origin. */
function checkDigits(body: string): string {
  return createHash("sha256").update(body).digest("hex").slice(0, CHECK_DIGITS);
}

const HEX_32 = /^[0-9a-f]{32}$/;
const HEX_64 = /^[0-9a-f]{64}$/;
const NAME = new RegExp(`^${ECS_NAME}$`);
const CLUSTER = new RegExp(`^${ECS_ARN}:cluster/${ECS_NAME}$`);
const TASK = new RegExp(`^${ECS_ARN}:task/(${ECS_NAME}/)?[0-9a-f-]{32,36}$`);
const ID = /^[\w-]{1,255}$/;

/** Undefined where a member is missing or has another form. */
function parseBody(body: string): JobHandle | undefined {
  try {
    const handle = membersOf(JSON.parse(Buffer.from(body, "base64url").toString()));
    const cluster = textOf(handle["cluster"], CLUSTER);
    const task = textOf(handle["task"], TASK);
    const { staging, pieces } = handle;
    if (accountOf(task) !== accountOf(cluster) || (pieces !== undefined && staging === undefined))
      return undefined;
    return {
      cluster,
      task,
      container: textOf(handle["container"], NAME),
      runtimeId: textOf(handle["runtimeId"], ID),
      run: textOf(handle["run"], ID),
      nonce: textOf(handle["nonce"], HEX_32),
      workers: countOf(handle["workers"], 256),
      until: countOf(handle["until"]),
      shown: countOf(handle["shown"]),
      hasArtifacts: flagOf(handle["hasArtifacts"]),
      staging: staging === undefined ? undefined : stagingOf(membersOf(staging)),
      pieces: pieces === undefined ? undefined : piecesOf(membersOf(pieces)),
    };
  } catch {
    return undefined;
  }
}

function stagingOf(members: Record<string, unknown>): HandleStaging {
  const { bucketOwner, kmsKeyId } = members;
  return {
    bucket: textOf(members["bucket"], BUCKET),
    prefix: textOf(members["prefix"], /^[\w/!.-]{0,65}$/),
    bucketOwner: bucketOwner === undefined ? undefined : textOf(bucketOwner, ACCOUNT),
    kmsKeyId: kmsKeyId === undefined ? undefined : textOf(kmsKeyId, KMS_KEY),
  };
}

function piecesOf(members: Record<string, unknown>): HandlePieces {
  const keys = membersOf(members["keys"]);
  return {
    job: textOf(members["job"], HEX_32),
    keys: { inner: textOf(keys["inner"], HEX_64), outer: textOf(keys["outer"], HEX_64) },
    writableUntil: countOf(members["writableUntil"]),
  };
}

/** Partition, region and account of an ARN. */
function accountOf(arn: string): string {
  const [, partition, , region, account] = arn.split(":");
  return [partition, region, account].join(":");
}

function membersOf(value: unknown): Record<string, unknown> {
  if (!isRecord(value)) throw new Error("no object");
  return value;
}

function textOf(value: unknown, form: RegExp): string {
  if (typeof value !== "string" || !form.test(value)) throw new Error("no text of this form");
  return value;
}

/** What a handle does not say is false. */
function flagOf(value: unknown): boolean {
  if (value !== undefined && typeof value !== "boolean") throw new Error("neither true nor false");
  return value === true;
}

function countOf(value: unknown, most = Number.MAX_SAFE_INTEGER): number {
  if (!Number.isSafeInteger(value) || Number(value) < 0 || Number(value) > most)
    throw new Error("no such number");
  return Number(value);
}
