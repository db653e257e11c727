import { isIPv6 } from "node:net";
import type { InputReader } from "./input-reader.ts";
import type { InputName } from "./names.ts";
import { list, quoteValue } from "./parse.ts";
import type { InputSource } from "./source.ts";

/** One forward: a port of this machine, and where its connections lead. */
export interface Forward {
  /** Undefined for a free one. */
  readonly local: number | undefined;
  /** Null for the task itself. */
  readonly host: string | null;
  readonly port: number;
  /** As it was given. */
  readonly text: string;
}

const HOST = String.raw`\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9_.])?`;
const FORWARD = new RegExp(`^(?:(\\d{0,5}):(?:(${HOST}):)?)?(\\d{1,5})$`);
/** A host without brackets that may have colons. */
const BARE_HOST = /^(?:\d{0,5}:)?(.+):\d{1,5}$/;
/** The forms, for messages. */
export const FORMS = "PORT, LOCAL:PORT, LOCAL:HOST:PORT or :HOST:PORT";
/** The most forwards at a time. */
export const MOST_FORWARDS = 32;

/**
 * Reads a forward. A port alone is the same port of the task; an empty local one is a free one. Returns what it must be where it is none.
 */
export function parseForward(text: string): Forward | { readonly must: string } {
  const [all, local, host, port = ""] = FORWARD.exec(text.trim()) ?? [];
  // A resolver takes a bare number for an address.
  if (all === undefined || /^\d+$/.test(host ?? "")) return { must: formOf(text.trim()) };
  const [near, far] = [local ?? port, Number(port)];
  const ports = [far, ...(near === "" ? [] : [Number(near)])];
  if (ports.some((each) => each < 1 || each > 65_535)) return { must: "of ports from 1 to 65535" };
  return {
    local: near === "" ? undefined : Number(near),
    host: host?.replace(/^\[|\]$/g, "") ?? null,
    port: far,
    text: text.trim(),
  };
}

function formOf(text: string): string {
  const [, host = ""] = BARE_HOST.exec(text) ?? [];
  if (isIPv6(host)) return `LOCAL:[HOST]:PORT for an IPv6 address, such as 15432:[${host}]:5432`;
  return `${FORMS}, such as 15432:db.internal:5432`;
}

/** Where the connections of a forward lead, to be shown. */
export function farEndOf({ host, port }: Forward): string {
  if (host === null) return `port ${port} of the task`;
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Reads all forwards of a list. Returns the first fault, and the forward that has it. */
export function parseForwards(
  texts: readonly string[],
): readonly Forward[] | { readonly text: string; readonly must: string } {
  const forwards: Forward[] = [];
  for (const text of texts) {
    const forward = parseForward(text);
    if ("must" in forward) return { text, must: forward.must };
    const { local } = forward;
    if (local !== undefined && forwards.some((other) => other.local === local))
      return { text, must: "of a local port that no other forward has" };
    forwards.push(forward);
  }
  if (forwards.length > MOST_FORWARDS)
    return { text: texts[MOST_FORWARDS] ?? "", must: `one of ${MOST_FORWARDS} at most` };
  return forwards;
}

/** A forward runs no script, and protects no task. */
const FIXED: Partial<Record<InputName, string>> = { run: ":", shell: "sh", protect: "false" };
const DEFAULTS: Partial<Record<InputName, string>> = { timeout: "6h", "queue-timeout": "20s" };

/** The inputs of a forward, with what a job needs besides. */
export function forwardSource(source: InputSource): InputSource {
  return {
    ...source,
    get: (name) => FIXED[name as InputName] ?? (source.get(name) || (DEFAULTS[name as InputName] ?? "")),
  };
}

/** Reads the input `forwards`. Undefined for another door. */
export function readForwards(reader: InputReader): readonly Forward[] | undefined {
  if (reader.source.door !== "forward") return undefined;
  const texts = list(reader.raw("forwards"));
  if (texts.length === 0) reader.refuse("forwards", `one forward a line: ${FORMS}`, "nothing");
  const forwards = parseForwards(texts);
  if (!("must" in forwards)) return forwards;
  reader.refuse("forwards", forwards.must, quoteValue(forwards.text));
  return undefined;
}
