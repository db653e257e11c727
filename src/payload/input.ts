import type { Payload } from "./payload.ts";
import { exports } from "./job-text.ts";
import { quote } from "./quote.ts";
import { redactionPatterns } from "./redaction.ts";

/**
 * The longest line that is sent. A terminal in canonical mode silently drops what is beyond 4,095 bytes of a line.
 */
const LONGEST_LINE = 3900;

/**
 * What is typed into a session once the container has said that echo is off: the nonce, then the secrets. Printable
 * ASCII only, in lines that a terminal in canonical mode passes whole; so are the others.
 */
export function typedStart(nonce: string, secrets: Readonly<Record<string, string>>): Buffer {
  return Buffer.concat([typed([nonce]), typedSecrets(secrets)]);
}

/** The same where the payload is missing: the nonce, then the loader. The secrets come when they are asked for. */
export function typedLoader(nonce: string, loader: string): Buffer {
  return typed([nonce, ...escapedLines(Buffer.from(loader)), "."]);
}

export function typedSecrets(secrets: Readonly<Record<string, string>>): Buffer {
  return typed([...escapedLines(Buffer.from(secretsText(secrets))), "."]);
}

/** The payload itself, for a container that has no other way to get it. */
export function typedPayload(payload: Payload): Buffer {
  return typed([...escapedLines(payload.bytes), "."]);
}

/** The line that says: the status has been read, everything may be removed. */
export const TAKEN = Buffer.from("taken\n");
/**
 * The line that says: somebody still reads, and has all of the spool up to this byte for certain, so that the container
 * need not keep it. Sent more often than the 90 s after which an attacher gives up.
 */
export function here(confirmed: number): Buffer {
  return Buffer.from(`here ${confirmed}\n`);
}
export const HERE_EVERY_MS = 20_000;
/** The line that stops the job: TERM, then KILL after ten seconds. */
export const CANCEL = Buffer.from("cancel\n");
/** The line that ends the container, as StopTask would begin to: TERM to its PID 1. For a task of ours that no call can stop. */
export const END_TASK = Buffer.from("end\n");

function secretsText(secrets: Readonly<Record<string, string>>): string {
  return [
    "fx_secret_environment() {",
    ...exports(secrets),
    ":",
    "}",
    `fx_secret_names=${quote(Object.keys(secrets).join(" "))}`,
    `fx_patterns=${quote(redactionPatterns(secrets).join("\n"))}`,
    // Its last word, by which the job knows that it has all of it.
    "fx_whole=1",
    "",
  ].join("\n");
}

function typed(lines: readonly string[]): Buffer {
  return Buffer.from(`${lines.join("\n")}\n`, "ascii");
}

/** `bytes` for `printf %b`, in lines of which none is a dot. */
function escapedLines(bytes: Uint8Array): string[] {
  const lines: string[] = [];
  let line = "";
  for (const byte of bytes) {
    const escaped = ESCAPES[byte] ?? "";
    if (line.length + escaped.length > LONGEST_LINE) {
      lines.push(line);
      line = "";
    }
    line += escaped;
  }
  if (line !== "") lines.push(line === "." ? "\\0056" : line);
  return lines;
}

/** Each byte as `printf %b` reads it, none of them a character that means something to a terminal. */
const ESCAPES: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  if (byte === 10) return "\\n";
  if (byte === 92) return "\\\\";
  return byte >= 32 && byte < 127 ? String.fromCharCode(byte) : `\\0${byte.toString(8).padStart(3, "0")}`;
});
