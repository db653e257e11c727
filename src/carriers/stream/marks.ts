import { clipText } from "../../values.ts";

/**
 * The grammar of the marks: how the container speaks to the action through a terminal, and through any log of it.
 * `payload/` writes marks, and `parseMark` reads them.
 *
 * A mark is an operating system command (OSC) of a terminal, `ESC ] 7733 ; … BEL`. Terminals and most log viewers show
 * nothing for it. There are two layers, one inside the other.
 *
 * **The spool** holds what the job printed, in files in the container. It is a sequence of records:
 *
 *     [tag] text [open] LF
 *
 *     tag   `e`, `eN`, `oN`   standard error; with several workers, standard error or output of worker N;
 *           `r`, `rN`, `s`, `sN`   a line of the file GITHUB_OUTPUT, or GITHUB_STEP_SUMMARY, of worker N. The job can't forge
 *                             it: a mark in what it prints stands as the mark `=`;
 *           `x`, `xN`         such a file was left out. The text is `output` or `summary`, and its bytes;
 *           `a`               bytes of the archive of artifacts, in base64;
 *           `f`               a fact about the archive (artifacts/facts.ts), in ASCII;
 *           `i`               a fact about items (run/items/facts.ts), in ASCII;
 *           `h`               the header: one line of the container, not of the job;
 *           none              a whole line of standard output.
 *     open  `+`               the line goes on in the next record of the same tag, and the LF is not the job's.
 *     text                    the job's bytes after redaction. The beginning of a mark in them stands as the mark `=`.
 *                             U+FFFD stands as the mark `?`, because the agent does not carry that character whole.
 *                             With several workers each line begins with `[N] `.
 *
 * **The session** is what the terminal carries: the spool from some byte on, with marks in between that hold the run's
 * nonce. A job can't forge these marks, because it never sees the nonce. They are looked for before any other marks.
 *
 *     `NONCE;@OFFSET` LF      the spool follows from this byte on. The number of CRs before the LF is the number that
 *                             this terminal and this log put before every LF.
 *     `NONCE;~ OFFSET`        all of the spool up to this byte has been sent. It also shows that the attacher lives.
 *     `NONCE;# OFFSET LENGTH` a packed piece begins: LENGTH bytes of the spool from OFFSET on, by gzip, whose format has
 *                             their checksum, then base64. The line ends in the base64 have no meaning.
 *     `NONCE;%`               the packed piece ends.
 *     `NONCE;n TEXT`          a note for the user.
 *     `NONCE;p`               the container asks for the payload to be typed.
 *     `NONCE;s`               the container has got a payload that was missing, and asks for the secrets. A container
 *                             that had the payload gets them with the nonce.
 *     `NONCE;. LENGTH STATUS` the end mark: the spool has this length, and all of it has been sent.
 *     `NONCE;! CODE TEXT`     no job was started or found, or the job was killed without a status, and why.
 *     `ready`, `ready1 WHY`   before the nonce is known: echo is off. `ready1`: the payload is missing, because of WHY,
 *                             and the container asks for the code of other ways to get it. WHY is `packed` when the
 *                             session carries the payload and the container can unpack it.
 *     `echo`, `echo PATH`     before the nonce is known: echo can't be turned off. PATH: because another user of the
 *                             container can replace that program.
 *     `open`                  before the nonce is known: the session is open, and the payload is being fetched.
 *
 * STATUS is one of these:
 *
 *     `exited`, `timed-out`, `cancelled` or `fenced` (fence.sh), then `N=CODE:SECONDS` for each worker, joined by commas. The seconds have
 *     decimals. A `b` follows when the image has bash. A `!` follows for a worker that was being stopped when it ended.
 *     `refused`, then the part of the job that is the cause (`user: `, `directory: `, `shell: `, `variable: `,
 *     `files: `, `tool: `), then why no script ran.
 *     `lost`, then why the end of a script is not known.
 */
export const MARK = "\x1b]7733;";
export const BEL = "\x07";

/** The most bytes of a mark, its beginning and its end included. A status of 256 workers has 4 KB. */
export const LONGEST_MARK = 8192;

export const OPEN = `${MARK}+${BEL}`;
export const LITERAL = `${MARK}=${BEL}`;
export const REPLACEMENT = `${MARK}?${BEL}`;

/** The beginning of every mark of the session with this nonce. */
export function sessionMark(nonce: string): string {
  return `${MARK}${nonce};`;
}

/** A mark with the session's nonce, by the grammar above. */
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
  /** `.` with a length that can't be read: the session is over, without a status. */
  | { readonly kind: "unreadable-end" }
  /** `!` */
  | { readonly kind: "refused"; readonly code: Refusal; readonly text: string };

const REFUSAL_CODES = [
  "download",
  "no-boto3",
  "job-directory",
  "busy",
  "start",
  "gone",
  "lost",
  "ended",
  "followed",
] as const;
/** Why the container shows no job or no end of it. `unknown` stands for any other code. */
export type Refusal = (typeof REFUSAL_CODES)[number] | "unknown";

/** Parses the text of a mark behind the nonce; undefined for a text that this grammar does not have. */
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
      return { kind: "note", text: clipText(body) };
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

/** Fifteen digits are enough for the size of any file, and fit a number exactly. */
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
  return { kind: "refused", code, text: clipText(text) };
}

/** The mark that comes before the container knows the nonce. */
export type Announcement =
  /** Echo is off: input may be typed. */
  | { readonly kind: "ready"; readonly missing: MissingPayload | undefined }
  /** Echo can't be turned off: nothing may be typed. `replaceable`: a program that another user can replace is the reason. */
  | { readonly kind: "echo"; readonly replaceable?: string };

/** The container has no payload yet. */
export interface MissingPayload {
  /** Why boto3 could not fetch it, or `packed` (see the grammar); undefined when nothing was to be fetched. */
  readonly why: string | undefined;
}

const ANNOUNCEMENT = new RegExp(
  `${MARK.replace("]", "\\]")}(ready|ready1 ([^${BEL}]*)|echo(?: ([^${BEL}]*))?)${BEL}`,
);

/** The first announcement in what a terminal showed. */
export function findAnnouncement(text: string): Announcement | undefined {
  const [, word, why, replaceable] = ANNOUNCEMENT.exec(text) ?? [];
  if (word === undefined) return undefined;
  if (word.startsWith("echo"))
    return { kind: "echo", ...(replaceable !== undefined && { replaceable: clipText(replaceable) }) };
  return { kind: "ready", missing: why === undefined ? undefined : { why: clipText(why) || undefined } };
}
