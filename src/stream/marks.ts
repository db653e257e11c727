import { clipped } from "../clipped.ts";

/**
 * The grammar of the marks by which the container speaks to the action through a terminal, and through any log of it.
 * `payload/` writes what is defined here, and `parseMark` reads it; nothing else knows it.
 *
 * A mark is an operating system command to a terminal, `ESC ] 7733 ; … BEL`: terminals and most log viewers show
 * nothing for it. There are two layers, one inside the other.
 *
 * **The spool** is the file in the container that holds what the job printed. It is a sequence of records:
 *
 *     [tag] text [open] LF
 *
 *     tag   `e`, `eN`, `oN`   standard error, or standard error or output of worker N where there are several;
 *           `h`               the header: one line on where and what this is, not the job's;
 *           none              a whole line of standard output.
 *     open  `+`               the line goes on in the next record of the same tag: the LF is ours.
 *     text                    the job's bytes after redaction; a mark's beginning in them stands as the mark `=`,
 *                             and U+FFFD as the mark `?`: the agent does not bring that character over whole.
 *                             With several workers each line begins with `[N] `.
 *
 * **The session** is what the terminal carries: the spool from some byte on, with marks in between that hold the
 * run's nonce. A job can't forge those: it never sees the nonce, and they are looked for first.
 *
 *     `NONCE;@OFFSET` LF      from here on the spool follows, from that byte. How many CRs stand before the LF
 *                             is how many this terminal and this log put before every LF.
 *     `NONCE;~ OFFSET`        all of the spool up to that byte has been sent; also shows that the attacher is there.
 *     `NONCE;# OFFSET LENGTH` instead of LENGTH bytes of the spool from OFFSET on, these bytes through gzip, whose
 *                             format has their checksum, and base64, in lines that mean nothing,
 *     `NONCE;%`               up to here.
 *     `NONCE;n TEXT`          a note for the user.
 *     `NONCE;p`               the payload is to be typed.
 *     `NONCE;s`               the payload is there: the secrets, which are typed at once where it wasn't missing.
 *     `NONCE;. LENGTH STATUS` the end: the spool is that long, and all of it has been sent.
 *     `NONCE;! CODE TEXT`     no job was started or found, and why.
 *     `open`                  the session is there, and the payload is being fetched.
 *     `ready`, `ready1 WHY`   before the nonce is known: echo is off. With the 1 the payload is missing, so that
 *                             the code of other ways to get it is wanted, and why the first way failed.
 *     `echo`                  echo can't be turned off.
 *
 * STATUS is `exited`, `timed-out` or `cancelled`, then one `N=CODE:SECONDS` for each worker, joined by commas,
 * with a `!` behind those that were being stopped when they ended; or `refused` and why no script ran, behind the part of
 * the job that is meant and a colon (`user: `, `directory: `, `shell: `, `variable: `, `tool: `); or `lost` and why
 * it is not known how one ended.
 */
export const MARK = "\x1b]7733;";
export const BEL = "\x07";

/** Bytes of the longest mark there is, with its beginning and its end. A status of 256 workers has 4 KB. */
export const LONGEST_MARK = 8192;

export const OPEN = `${MARK}+${BEL}`;
export const LITERAL = `${MARK}=${BEL}`;
export const REPLACEMENT = `${MARK}?${BEL}`;

/** What every mark of the session with this nonce begins with. */
export function sessionMark(nonce: string): string {
  return `${MARK}${nonce};`;
}

/** A mark that holds the session's nonce, as the grammar above has it. */
export type Mark =
  /** `@` */
  | { readonly kind: "spool"; readonly offset: number }
  /** `~` */
  | { readonly kind: "sent"; readonly offset: number }
  /** `#` */
  | { readonly kind: "pack"; readonly offset: number; readonly length: number }
  /** `%` */
  | { readonly kind: "pack-end" }
  /** `n` */
  | { readonly kind: "note"; readonly text: string }
  /** `p` */
  | { readonly kind: "payload-wanted" }
  /** `s` */
  | { readonly kind: "secrets-wanted" }
  /** `.` */
  | { readonly kind: "end"; readonly length: number; readonly status: string }
  /** `.` with a length that can't be read: the session says nothing more, and has no status. */
  | { readonly kind: "unreadable-end" }
  /** `!` */
  | { readonly kind: "refused"; readonly code: Refusal; readonly text: string };

const REFUSAL_CODES = ["download", "place", "busy", "start", "gone", "lost"] as const;
/** Why the container shows no job: it has started none, or has it no more. `unknown` is no code of ours. */
export type Refusal = (typeof REFUSAL_CODES)[number] | "unknown";

/** What stands in a mark behind the nonce; undefined where that is nothing of this grammar, such as a later version's. */
export function parseMark(text: string): Mark | undefined {
  const body = text.slice(1);
  switch (text[0]) {
    case "@":
      return withNumbers(/^(\d{1,15})$/, body, (offset) => ({ kind: "spool", offset }));
    case "~":
      return withNumbers(/^ (\d{1,15})$/, body, (offset) => ({ kind: "sent", offset }));
    case "#":
      return withNumbers(/^ (\d{1,15}) (\d{1,15})$/, body, (offset, length) => ({
        kind: "pack",
        offset,
        length,
      }));
    case "%":
      return { kind: "pack-end" };
    case "n":
      return { kind: "note", text: clipped(body) };
    case "p":
      return { kind: "payload-wanted" };
    case "s":
      return { kind: "secrets-wanted" };
    case ".":
      return parseEnd(body);
    case "!":
      return parseRefusal(body);
    default:
      return undefined;
  }
}

/** No file is as long as a number of sixteen digits. */
function withNumbers(
  form: RegExp,
  body: string,
  mark: (first: number, second: number) => Mark,
): Mark | undefined {
  const [, first, second] = form.exec(body) ?? [];
  return first === undefined ? undefined : mark(Number(first), Number(second));
}

function parseEnd(body: string): Mark {
  const [, length, status] = /^ (\d{1,15}) (.*)$/s.exec(body) ?? [];
  if (length === undefined || status === undefined) return { kind: "unreadable-end" };
  return { kind: "end", length: Number(length), status };
}

function parseRefusal(body: string): Mark {
  const [, word, text = ""] = /^ (\S+) ?(.*)$/s.exec(body) ?? [];
  const code = REFUSAL_CODES.find((each) => each === word) ?? "unknown";
  return { kind: "refused", code, text: clipped(text) };
}

/** What is said before the nonce is known. */
export type Announcement =
  /** Echo is off: input may be sent. */
  | { readonly kind: "ready"; readonly missing: MissingPayload | undefined }
  /** Echo can't be turned off: nothing may be sent. */
  | { readonly kind: "echo" };

/** The container has no payload yet. */
export interface MissingPayload {
  /** Why boto3 could not fetch it; empty where it was not to. */
  readonly why: string;
}

const ANNOUNCEMENT = new RegExp(`${MARK.replace("]", "\\]")}(ready|ready1 ([^${BEL}]*)|echo)${BEL}`);

/** The first announcement among whatever else a terminal showed. */
export function findAnnouncement(text: string): Announcement | undefined {
  const [, word, why] = ANNOUNCEMENT.exec(text) ?? [];
  if (word === undefined) return undefined;
  if (word === "echo") return { kind: "echo" };
  return { kind: "ready", missing: why === undefined ? undefined : { why } };
}
