import type { Payload } from "./payload.ts";
import { exports } from "./job.ts";
import { quote } from "./quote.ts";

/** Secrets shorter than this are not redacted: too much else would be. */
export const SHORTEST_PATTERN = 4;

/**
 * The longest line that is sent. A terminal in canonical mode silently drops what is beyond 4,095 bytes of a line.
 */
const LONGEST_LINE = 3900;

export interface SessionInput {
  readonly nonce: string;
  /** The payload, where it isn't staged in S3. */
  readonly payload: Payload | undefined;
  readonly secrets: Readonly<Record<string, string>>;
}

/**
 * What is typed into the session once the container has said that echo is off: the nonce, the payload if it goes
 * this way, the secrets. Printable ASCII only, in lines that a terminal in canonical mode passes whole.
 */
export function sessionInput(input: SessionInput): Buffer {
  const lines = [input.nonce];
  if (input.payload !== undefined) {
    const text = input.payload.bytes.toString("base64");
    for (let at = 0; at < text.length; at += LONGEST_LINE) lines.push(text.slice(at, at + LONGEST_LINE));
    lines.push(".");
  }
  lines.push(...escapedLines(secretsText(input.secrets)), ".");
  return Buffer.from(`${lines.join("\n")}\n`, "ascii");
}

/** The line that says: the status has been read, everything may be removed. */
export const TAKEN = Buffer.from("taken\n");
/** The line that says: somebody still reads. Sent more often than the 90 s after which a watcher gives up. */
export const HERE = Buffer.from("here\n");
export const HERE_EVERY_MS = 20_000;
/** The line that stops the job: TERM, then KILL after ten seconds. */
export const CANCEL = Buffer.from("cancel\n");

/**
 * What the container replaces by `***`: each line of each secret from four characters up, longest first.
 */
export function redactionPatterns(secrets: Readonly<Record<string, string>>): string[] {
  const lines = Object.values(secrets).flatMap((value) => value.split(/[\r\n]+/));
  return [...new Set(lines.filter((line) => line.length >= SHORTEST_PATTERN))].sort(
    (a, b) => b.length - a.length,
  );
}

/** Names of secrets of which at least a line is too short to be redacted. */
export function tooShortToRedact(secrets: Readonly<Record<string, string>>): string[] {
  return Object.entries(secrets)
    .filter(([, value]) =>
      value.split(/[\r\n]+/).some((line) => line !== "" && line.length < SHORTEST_PATTERN),
    )
    .map(([name]) => name);
}

function secretsText(secrets: Readonly<Record<string, string>>): string {
  return [
    "fx_secret_environment() {",
    ...exports(secrets),
    ":",
    "}",
    `fx_patterns=${quote(redactionPatterns(secrets).join("\n"))}`,
    "",
  ].join("\n");
}

/** `text` for `printf %b`, in lines. A dot is escaped too, so that no line is the one that ends them. */
function escapedLines(text: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const byte of Buffer.from(text, "utf8")) {
    const char = String.fromCharCode(byte);
    line += /[A-Za-z0-9 _@%+=:,/(){}$"'-]/.test(char) ? char : `\\0${byte.toString(8).padStart(3, "0")}`;
    if (line.length >= LONGEST_LINE) {
      lines.push(line);
      line = "";
    }
  }
  if (line !== "") lines.push(line);
  return lines;
}
