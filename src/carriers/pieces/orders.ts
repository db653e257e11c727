import type { PresignedPost } from "../../aws/s3.ts";
import type { Random } from "../../clock.ts";
import { itemOrder, type ItemOrderLine, LONGEST_TYPED_LINE } from "../../payload/input.ts";
import type { PieceFolder, PieceKeys } from "./format.ts";

/** The folder of an order, and its objects' keys in the bucket without their names. */
export interface OrderedFolder extends PieceFolder {
  /** Ends in `/`. */
  readonly prefix: string;
}

/** How the container may write to the folder and read `control`. */
export interface FolderAccess {
  readonly post: PresignedPost;
  /** A presigned GET of `control`. */
  readonly control: string;
  /** When the access ends, in milliseconds since the epoch. */
  readonly until: number;
}

/**
 * How long `control` stays after it has told the container that its end was taken. The container looks several times a second (uploader.py, curl.sh)
 * while the step reports. A container that is slower takes a `control` that is gone for that word.
 */
export const TAKEN_READ_MS = 300;

/**
 * How long after the end of the uploads S3 may store an object that was on its way. An upload that was cut short is not stored at all (S3
 * PutObject and PostObject store whole objects only).
 */
export const STORED_MS = 300;

/** The most that the number of a `control` may be ahead of the time, in seconds. The container obeys no other one (AHEAD in objects.py). */
const CONTROL_AHEAD = 86_400;

/** The most readers that `control` names. A holder of the handle may have written any number of them. */
const MOST_READERS = 32;

/** A folder with a new name and new keys. `prefix` is that of the input `bucket`. */
export function newFolder(prefix: string, random: Random): OrderedFolder {
  const keys = { inner: random.bytes(32).toString("hex"), outer: random.bytes(32).toString("hex") };
  return folderOf(prefix, random.bytes(16).toString("hex"), keys);
}

/** The folder of this name, with these keys. `prefix` is that of the input `bucket`. */
export function folderOf(prefix: string, job: string, keys: PieceKeys): OrderedFolder {
  return { job, prefix: `${prefix}output/${job}/`, keys };
}

/**
 * The lines that order a container to upload the spool from byte `begin` on, in pieces of at most `largest` bytes. They are typed into a session, each line
 * printable and short enough for a terminal.
 */
export function typedOrder(
  { job, keys, prefix }: OrderedFolder,
  { begin, largest }: { readonly begin: number; readonly largest: number },
  access: FolderAccess,
): Buffer {
  const lines = [
    `job ${job}`,
    `folder ${prefix}`,
    `key ${keys.inner} ${keys.outer}`,
    `begin ${begin}`,
    `largest ${largest}`,
    ...addressLines(access),
    ".",
  ];
  return Buffer.from(lines.map((line) => `s3 ${line}\n`).join(""), "ascii");
}

/** The line that tells the attacher that the reader reads S3 from now on, so that the session may end. */
export const LEFT = Buffer.from("left\n");
/** The line that ends the session of an attacher that has stayed: another run waits for the session's seat. */
export const AWAY = Buffer.from("away\n");

/**
 * What the body of `control` tells the container. `control` is overwritten, so each one says everything that still
 * holds.
 */
export interface ControlWords {
  /** A renewed access, of which `control` has the signatures; undefined while that of the order is the latest. */
  readonly access: FolderAccess | undefined;
  /** The job is to be stopped. */
  readonly isCancelled: boolean;
  /** The reader has the status, so the job's files may be deleted. */
  readonly isTaken: boolean;
  /** A session follows the job again, so that nothing more is to be uploaded. */
  readonly isAttached: boolean;
  /** The job was detached, so that only its `timeout` ends it. */
  readonly isDetached: boolean;
  /** The steps that follow the job by its handle, and when each has last said so, in seconds since the epoch. */
  readonly readers: ReadonlyMap<string, number>;
  /** The orders for items that the container has not confirmed. */
  readonly itemOrders: readonly ItemOrderLine[];
}

export const NO_WORDS: ControlWords = {
  access: undefined,
  isCancelled: false,
  isTaken: false,
  isAttached: false,
  isDetached: false,
  readers: new Map(),
  itemOrders: [],
};

/**
 * The number of the `control` that is written after number `last`: the time in seconds, or one more than `last` when that is in the future. A
 * holder of the handle can write any number. Because both sides compare it with the time, no number keeps a later `control` from being obeyed.
 */
export function controlNumber(last: number, now: number): number {
  const seconds = Math.floor(now / 1000);
  return Math.min(Math.max(seconds, last + 1), seconds + CONTROL_AHEAD);
}

export function controlBody(words: ControlWords): Buffer {
  const { access, isCancelled, isTaken, isAttached, isDetached, readers, itemOrders } = words;
  const lines = [
    // The container needs no access after its end is taken, and `control` may stay for some seconds.
    ...(access === undefined || isTaken ? [] : signatureLines(access)),
    ...(isCancelled ? ["cancel"] : []),
    ...(isAttached ? ["attach"] : []),
    ...(isDetached ? ["detach"] : []),
    // The container passes over words that it does not know.
    ...[...readers].map(([reader, at]) => `reader ${reader} ${at}`),
    ...itemOrders.map(itemOrder),
    ...(isTaken ? ["taken"] : []),
  ];
  return Buffer.from(lines.map((line) => `${line}\n`).join(""), "ascii");
}

/** The words in the body of an authentic `control`. Its access is left out: each writer gives an access of its own. */
export function parseControl(body: Buffer): ControlWords {
  const lines = body.toString("ascii").split("\n");
  const readers = lines.flatMap((line) => {
    const [, reader, at] = /^reader ([0-9a-f]{16}) (\d{1,12})$/.exec(line) ?? [];
    return reader === undefined ? [] : [[reader, Number(at)] as const];
  });
  return {
    access: undefined,
    isCancelled: lines.includes("cancel"),
    isTaken: lines.includes("taken"),
    isAttached: lines.includes("attach"),
    isDetached: lines.includes("detach"),
    readers: new Map(readers.slice(-MOST_READERS)),
    // Only the step that has started the job orders items, and it leaves none unconfirmed.
    itemOrders: [],
  };
}

/**
 * Where the output goes, and the first signatures. Only a session brings these lines. A holder of the handle can write an authentic
 * `control`, so that brings signatures alone.
 */
function addressLines({ post, control, until }: FolderAccess): string[] {
  const { address, query } = splitUrl(control);
  return [
    ...valueLines("url", post.url),
    ...Object.entries(post.fields).flatMap(([name, value]) => valueLines("field", value, `${name} `)),
    `post-until ${Math.floor(until / 1000)}`,
    ...valueLines("control", address),
    ...valueLines("query", query),
  ];
}

/** The fields of the form that are made anew with each signature. */
const SIGNATURE = /^(policy|x-amz-(credential|date|security-token|signature))$/i;

/** The lines of `control` that renew the signatures. `control` is an object, so its lines may be long. */
function signatureLines({ post, control, until }: FolderAccess): string[] {
  const fields = Object.entries(post.fields).filter(([name]) => SIGNATURE.test(name));
  return [
    ...fields.map(([name, value]) => `field ${name} ${value}`),
    `post-until ${Math.floor(until / 1000)}`,
    `query ${splitUrl(control).query}`,
  ];
}

function splitUrl(url: string): { readonly address: string; readonly query: string } {
  const at = url.indexOf("?");
  return at < 0 ? { address: url, query: "" } : { address: url.slice(0, at), query: url.slice(at + 1) };
}

/** `WORD VALUE` in as many typed lines as the value needs: it goes on in lines whose word ends in `+`. */
function valueLines(word: string, value: string, name = ""): string[] {
  const room = LONGEST_TYPED_LINE - `s3 ${word}+ ${name}`.length;
  const lines = [`${word} ${name}${value.slice(0, room)}`];
  for (let at = room; at < value.length; at += room)
    lines.push(`${word}+ ${name}${value.slice(at, at + room)}`);
  return lines;
}
