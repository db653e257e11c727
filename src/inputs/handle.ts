import { createHash } from "node:crypto";
import { isRecord } from "../values.ts";
import { MOST_ITEMS } from "./item-list.ts";
import { artifactGlobs } from "./artifact-globs.ts";
import { ECS_ARN, ECS_NAME } from "./ecs-names.ts";
import type { ArtifactGlob } from "./container-glob.ts";
import { ACCOUNT, BUCKET, KMS_KEY, PREFIX } from "./staging-names.ts";

/**
 * The job that a step has detached from, and what another step needs to follow it. A principal that has the handle and the AWS rights of a
 * follower can follow and stop the job. `docs/security.md` says what the keys allow.
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
  /** The nonce that the job's session marks begin with (`carriers/stream/marks.ts`). */
  readonly nonce: string;
  readonly workers: number;
  /** How many items the job was given; undefined when its script runs once. */
  readonly items: number | undefined;
  /** The latest time at which the job's `timeout` stops it, in milliseconds since the epoch. */
  readonly until: number;
  /** The spool offset at which the next step goes on. The output before it has certainly been shown. */
  readonly shown: number;
  /** The lines of `artifacts` of the step that has started the job, by which each step judges what the container sends; undefined when there are none. */
  readonly artifacts: readonly ArtifactGlob[] | undefined;
  /** The step's bucket inputs, which also say where the container's queue is; undefined for a job without a bucket. */
  readonly staging: HandleStaging | undefined;
  /** Where the container uploads the output; undefined when it uploads none. */
  readonly pieces: HandlePieces | undefined;
}

export interface HandleStaging {
  readonly bucket: string;
  readonly prefix: string;
  readonly bucketOwner: string | undefined;
  readonly kmsKeyId: string | undefined;
}

/** The folder that the output is uploaded to, below the prefix in `staging`. */
export interface HandlePieces {
  /** 32 hex digits, which name the folder. */
  readonly job: string;
  /** 64 hex digits each. */
  readonly keys: { readonly inner: string; readonly outer: string };
  /** When the container's right to write to that folder ends unless it is renewed, in milliseconds since the epoch; 0 when the order to upload was taken back. */
  readonly writableUntil: number;
}

/** The first part of a handle, which names its version. */
const VERSION = "fx1";
/** The most bytes of the lines of `artifacts` in a handle. */
export const MOST_ARTIFACT_BYTES = 6_000;
/** The most characters of a handle. AWS limits the length of every name in it, so without artifacts none has more than half of them. */
const LONGEST_HANDLE = 16_000;
const CHECK_DIGITS = 8;
/** The last time that a date can have, in milliseconds since the epoch (ECMA-262, "Time Values and Time Range"). */
const LAST_TIME = 8_640_000_000_000_000;

/** The handle as text: letters, digits, `-`, `_` and two dots. It holds keys, so it is never shown. */
export function writeHandle(handle: JobHandle): string {
  const artifacts = handle.artifacts?.map(lineOf);
  const body = Buffer.from(JSON.stringify({ ...handle, artifacts })).toString("base64url");
  return `${VERSION}.${body}.${checkDigits(body)}`;
}

/** How many bytes of a handle these lines take. */
export function artifactBytes(globs: readonly ArtifactGlob[]): number {
  return sizeOf(globs.map(lineOf));
}

function sizeOf(lines: readonly unknown[]): number {
  return Buffer.byteLength(JSON.stringify(lines));
}

function lineOf({ pattern, isExclusion }: ArtifactGlob): string {
  return `${isExclusion ? "!" : ""}${pattern}`;
}

/** The handle in `text`; else a clause that says what is wrong. The clause quotes nothing of the text, which may hold keys. */
export function parseHandle(text: string): JobHandle | string {
  const [version = "", body = "", digits, ...more] = text.slice(0, LONGEST_HANDLE + 1).split(".");
  if (!/^fx\d{1,3}$/.test(version) || text.length > LONGEST_HANDLE)
    return `a text of ${text.length} characters that is no handle`;
  if (version !== VERSION) return "a handle of another version of fargate-exec";
  if (digits !== checkDigits(body) || more.length > 0) return "a handle that is cut short or changed";
  return parseBody(body) ?? "a handle with a missing or malformed member";
}

/** Check digits detect a text that was cut or changed by accident. They prove nothing about its origin. */
function checkDigits(body: string): string {
  return createHash("sha256").update(body).digest("hex").slice(0, CHECK_DIGITS);
}

const HEX_32 = /^[0-9a-f]{32}$/;
const HEX_64 = /^[0-9a-f]{64}$/;
const NAME = new RegExp(`^${ECS_NAME}$`);
const CLUSTER = new RegExp(`^${ECS_ARN}:cluster/${ECS_NAME}$`);
const TASK = new RegExp(`^${ECS_ARN}:task/(${ECS_NAME}/)?[0-9a-f-]{32,36}$`);
const ID = /^[\w-]{1,255}$/;

/** Undefined when a member is missing or malformed. */
function parseBody(body: string): JobHandle | undefined {
  try {
    const handle = membersOf(JSON.parse(Buffer.from(body, "base64url").toString()));
    const cluster = textOf(handle["cluster"], CLUSTER);
    const task = textOf(handle["task"], TASK);
    const { staging, pieces } = handle;
    // A task is in the region and the account of its cluster.
    if (scopeOf(task) !== scopeOf(cluster)) return undefined;
    // The output is uploaded below the prefix of the staging.
    if (pieces !== undefined && staging === undefined) return undefined;
    return {
      cluster,
      task,
      container: textOf(handle["container"], NAME),
      runtimeId: textOf(handle["runtimeId"], ID),
      run: textOf(handle["run"], ID),
      nonce: textOf(handle["nonce"], HEX_32),
      workers: countOf(handle["workers"], { least: 1, most: 256 }),
      items:
        handle["items"] === undefined ? undefined : countOf(handle["items"], { least: 1, most: MOST_ITEMS }),
      until: countOf(handle["until"], { most: LAST_TIME }),
      shown: countOf(handle["shown"]),
      artifacts: handle["artifacts"] === undefined ? undefined : globsOf(handle["artifacts"]),
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
    prefix: textOf(members["prefix"], PREFIX),
    bucketOwner: bucketOwner === undefined ? undefined : textOf(bucketOwner, ACCOUNT),
    kmsKeyId: kmsKeyId === undefined ? undefined : textOf(kmsKeyId, KMS_KEY),
  };
}

function piecesOf(members: Record<string, unknown>): HandlePieces {
  const keys = membersOf(members["keys"]);
  return {
    job: textOf(members["job"], HEX_32),
    keys: { inner: textOf(keys["inner"], HEX_64), outer: textOf(keys["outer"], HEX_64) },
    writableUntil: countOf(members["writableUntil"], { most: LAST_TIME }),
  };
}

/** Partition, region and account of an ARN. */
function scopeOf(arn: string): string {
  const [, partition, , region, account] = arn.split(":");
  return [partition, region, account].join(":");
}

function membersOf(value: unknown): Record<string, unknown> {
  if (!isRecord(value)) throw new Error("it is not an object");
  return value;
}

function textOf(value: unknown, form: RegExp): string {
  if (typeof value !== "string" || !form.test(value)) throw new Error("it is not a text of this form");
  return value;
}

function globsOf(value: unknown): readonly ArtifactGlob[] {
  if (!Array.isArray(value) || sizeOf(value) > MOST_ARTIFACT_BYTES) throw new Error("they are no lines");
  const answer = artifactGlobs(value.map((line) => textOf(line, /^[^\n]+$/)).join("\n"));
  if (!("value" in answer)) throw new Error("they are no lines of artifacts");
  return answer.value;
}

function countOf(value: unknown, { least = 0, most = Number.MAX_SAFE_INTEGER } = {}): number {
  if (!Number.isSafeInteger(value) || Number(value) < least || Number(value) > most)
    throw new Error("it is not a count in range");
  return Number(value);
}
