import type { SeenItem } from "../extracted.ts";
import type { SpoolText } from "../../../src/carriers/stream/records.ts";
import type { JobStatus } from "../../../src/carriers/stream/status.ts";

/** What a container has done, without what is chance: sizes of the header, exact times, cuts between records. */
export interface ReplayRecord {
  /** For each stream of a worker its pieces: whole lines, or parts of one whose end came later. */
  readonly streams: Readonly<Record<string, readonly string[]>>;
  /** The marks of each session but those that time decides, and what was asked for. */
  readonly marks: readonly (readonly string[])[];
  /** The status without its times. */
  readonly status: string;
  /** For each worker its seconds. */
  readonly seconds: readonly number[];
  /** The kinds of the pieces in S3, those of output once. */
  readonly pieces: readonly string[];
  /** Whether the directory of the job is there at the end. */
  readonly isLeft: boolean;
}

export function recordOf(
  items: readonly SpoolText[],
  facts: Omit<ReplayRecord, "streams" | "status" | "seconds"> & { readonly status: JobStatus | undefined },
): ReplayRecord {
  const { status } = facts;
  return {
    ...facts,
    streams: streamsOf(items),
    status: JSON.stringify(status, (key, value: unknown) =>
      key === "seconds" || key === "hasBash" ? undefined : value,
    ),
    seconds: status?.kind === "ended" ? status.workers.map(({ seconds }) => seconds) : [],
  };
}

function streamsOf(items: readonly SpoolText[]): Readonly<Record<string, readonly string[]>> {
  const streams: Record<string, string[]> = {};
  const add = (name: string, text: string): void => {
    const pieces = (streams[name] ??= []);
    const last = pieces.at(-1) ?? "\n";
    // Where a long line is cut is chance, unless its script pauses there.
    if (last.endsWith("\n") || last.endsWith("part line ")) pieces.push(text);
    else pieces[pieces.length - 1] = last + text;
  };
  for (const item of items) {
    if (item.kind === "text") {
      const lines = item.bytes.toString().split("\n");
      for (const [at, line] of lines.entries()) {
        const text = at < lines.length - 1 || item.ends ? `${line}\n` : line;
        const worker = item.source === "" ? /^\[(\d)\] /.exec(text)?.[1] : item.source.slice(-1);
        if (!SAID_BY_SHELL.test(text)) add(`${item.stream} ${worker ?? ""}`, text);
      }
    } else if (item.kind === "file-command")
      add(`${item.file} ${item.worker}`, item.bytes.toString() + (item.ends ? "\n" : ""));
    else if (item.kind !== "header") add(item.kind, "");
  }
  return streams;
}

/** What a shell says of a program that a signal has ended. */
const SAID_BY_SHELL = /^(\[\d\] )?(Terminated|Killed)\n?$/;

/** What an item of a session tells of its marks; undefined for those that time decides. */
export function markOf(item: SeenItem): string | undefined {
  switch (item.kind) {
    case "ready":
      return `ready ${item.missing?.why ?? ""}`;
    case "attached":
      return item.offset === 0 ? "@0" : "@";
    case "payload-wanted":
    case "secrets-wanted":
    case "status":
      return item.kind;
    case "refused":
      return `! ${item.code}`;
    case "gap":
      return "gap";
    default:
      return undefined;
  }
}
