import type { Payload } from "./payload.ts";
import { settings } from "./job-text.ts";
import { quote } from "./quote.ts";
import { redactionPatterns } from "./redaction.ts";

/**
 * The longest line that is typed. A terminal in canonical mode drops what is beyond 4,095 bytes of a line
 * (termios(3)).
 */
export const LONGEST_TYPED_LINE = 3900;

/** What the container is told first, when it has said that echo is off. */
export interface Opening {
  readonly nonce: string;
  /** The most bytes of the spool that are sent at once. */
  readonly part: number;
  /** Output is packed when more than this many bytes wait; undefined: never. */
  readonly packAbove: number | undefined;
}

/**
 * The first input: the opening, then the secrets. All input is printable ASCII, in lines that a terminal in canonical
 * mode passes whole.
 */
export function typedStart(opening: Opening, secrets: Readonly<Record<string, string>>): Buffer {
  return Buffer.concat([typeLines([openingLine(opening)]), typedSecrets(secrets)]);
}

export function typedSecrets(secrets: Readonly<Record<string, string>>): Buffer {
  return typeLines([...escapedLines(Buffer.from(secretsText(secrets))), "."]);
}

/** The payload, for a container that can't fetch it. */
export function typedPayload(payload: Payload): Buffer {
  return typeLines([...escapedLines(payload.bytes), "."]);
}

// The lines by which a session tells the attacher something (reader.sh, `fx_listen`). Those about S3 are in carriers/pieces/orders.ts.

/**
 * The line that tells the attacher that its reader is there, and has the spool up to this byte. The container may then
 * free that part of the spool.
 */
export function here(confirmed: number): Buffer {
  return Buffer.from(`here ${confirmed}\n`);
}

/** An order for items (run/items/orders.ts), as words, and its number among those of the job, from 1. */
export interface ItemOrderLine {
  readonly number: number;
  readonly words: string;
}

/** The line of an order for items, without its end. */
export function itemOrder({ number, words }: ItemOrderLine): string {
  return `items ${number} ${words}`;
}

/** The line that tells the attacher that the status was read, so that the job's files may be deleted. */
export const TAKEN = Buffer.from("taken\n");

/** The line that detaches the job from its reader. From then on no runner ends it: it ends by itself, or by `timeout`. */
export const DETACH = Buffer.from("detach\n");

/** The line that stops the job: TERM, and KILL three seconds later. */
export const CANCEL = Buffer.from("cancel\n");

/**
 * The line that ends the container by TERM to its PID 1, as StopTask does first. For a task of this run that no call
 * can stop.
 */
export const END_TASK = Buffer.from("end\n");

export function openingLine({ nonce, part, packAbove }: Opening): string {
  return [nonce, part, ...(packAbove === undefined ? [] : [packAbove])].join(" ");
}

function secretsText(secrets: Readonly<Record<string, string>>): string {
  return [
    `fx_secret_environment=${quote(settings(secrets))}`,
    `fx_patterns=${quote(redactionPatterns(secrets).join("\n"))}`,
    // The last line shows the job that it has the whole text.
    "fx_whole=1",
    "",
  ].join("\n");
}

export function typeLines(lines: readonly string[]): Buffer {
  return Buffer.from(`${lines.join("\n")}\n`, "ascii");
}

/** `bytes` in the escapes of `printf %b`. No line is a single dot, which ends the text: all lines but the last are full. */
export function escapedLines(bytes: Uint8Array): string[] {
  const lines: string[] = [];
  let line = "";
  for (const byte of bytes) {
    const escaped = escapeOf(byte);
    if (line.length + escaped.length > LONGEST_TYPED_LINE) {
      lines.push(line);
      line = "";
    }
    line += escaped;
  }
  if (line !== "") lines.push(line === "." ? "\\0056" : line);
  return lines;
}

/** A text without line ends, in lines that a terminal passes whole. */
export function inTypedLines(text: string): readonly string[] {
  return text.match(new RegExp(`.{1,${LONGEST_TYPED_LINE}}`, "g")) ?? [];
}

/** A byte for `printf %b`, without characters that have a meaning for a terminal. */
function escapeOf(byte: number): string {
  if (byte === 10) return "\\n";
  if (byte === 92) return "\\\\";
  return byte >= 32 && byte < 127 ? String.fromCharCode(byte) : `\\0${byte.toString(8).padStart(3, "0")}`;
}
