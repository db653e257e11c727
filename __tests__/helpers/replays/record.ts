import { list, type ReadEntry } from "tar";
import type { SeenItem } from "../extracted.ts";
import type { SpoolText } from "../../../src/carriers/stream/records.ts";
import type { JobStatus } from "../../../src/carriers/stream/status.ts";
import type { Replay } from "./replay.ts";

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
  /** What was told of items: the answers to orders, and what became of batches; undefined for a job without. */
  readonly facts: { readonly answers: readonly string[]; readonly batches: readonly string[] } | undefined;
  /** Whether the directory of the job is there at the end. */
  readonly isLeft: boolean;
}

/** How far a job with items has come when it is cancelled. */
export interface Progress {
  /** As `progressOf` counts it. */
  readonly count: number;
  /** The time between the last step of it and the cancel. */
  readonly gapMs: number;
}

export function recordOf(
  items: readonly SpoolText[],
  facts: Omit<ReplayRecord, "streams" | "status" | "seconds"> & { readonly status: JobStatus | undefined },
): ReplayRecord {
  const { status } = facts;
  const hasItems = facts.facts !== undefined;
  const seconds = status?.kind === "ended" ? status.workers.map((worker) => worker.seconds) : [];
  return {
    ...facts,
    streams: hasItems ? linesOfItems(streamsOf(items)) : streamsOf(items),
    status: JSON.stringify(hasItems ? inNoOrder(status) : status, (key, value: unknown) =>
      key === "seconds" || key === "hasBash" ? undefined : value,
    ),
    seconds: hasItems ? seconds.toSorted((one, other) => one - other) : seconds,
  };
}

/** How far a job with items has come: the batches that have begun and ended, and the items whose first line is there. */
export function progressOf(events: readonly SeenItem[], replay: Replay): number {
  const batches = factsOf(events, replay)?.batches ?? [];
  const texts = events.filter((event): event is SpoolText => event.kind === "text");
  const { stdout = [] } = linesOfItems(streamsOf(texts));
  return (
    batches.filter((fact) => /^(begin|end) /.test(fact)).length +
    stdout.filter((line) => / attempt \d+$/.test(line)).length
  );
}

/** Which worker has a batch is chance, and so is which one is stopped. */
function inNoOrder(status: JobStatus | undefined): unknown {
  if (status?.kind !== "ended") return status;
  const workers = status.workers.map(({ exitCode, stopped }) => `${exitCode}${stopped ? ", stopped" : ""}`);
  return { ...status, workers: workers.toSorted() };
}

/** Which worker has a batch is chance. */
function linesOfItems(streams: ReplayRecord["streams"]): ReplayRecord["streams"] {
  const of = (stream: string): readonly string[] =>
    Object.entries(streams).flatMap(([name, pieces]) => (name.startsWith(stream) ? pieces : []));
  const lines = (stream: string): readonly string[] =>
    of(stream)
      .join("")
      .split("\n")
      .map((line) => line.replace(/^\[\d\] /, ""))
      .filter((line) => !line.startsWith("fargate-exec: "));
  return { stdout: lines("stdout").toSorted(), stderr: lines("stderr").toSorted() };
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

/** The facts without what is chance: seconds, which worker took what, and how an archive is cut. */
export function factsOf(events: readonly SeenItem[], { items, workers }: Replay): ReplayRecord["facts"] {
  if (items === undefined) return undefined;
  const answers: string[] = [];
  const batches: string[] = [];
  const archives = new Map<string, Buffer[]>();
  for (const event of events) {
    if (event.kind !== "item-fact") continue;
    const { text } = event;
    const [, of = "", tag, line = ""] = /^pack (\d+ \d+) ([af])(.*)$/.exec(text) ?? [];
    if (/^(got|back|gone) /.test(text)) answers.push(text);
    else if (tag === "a") archives.set(of, [...(archives.get(of) ?? []), Buffer.from(line, "base64")]);
    else if (tag === "f")
      batches.push(`pack ${of} ${line.replace(/^end .*/, () => filesOf(archives.get(of)))}`);
    else batches.push(text.replace(/^(begin \d+ \d+) \d+$/, "$1").replace(/^(end .*) [\d.]+ \d+$/, "$1"));
  }
  return { answers, batches: workers > 1 ? batches.toSorted() : batches };
}

/** The names and sizes of the files in an archive. */
function filesOf(parts: readonly Buffer[] = []): string {
  const names: string[] = [];
  const onReadEntry = ({ path, size, type }: ReadEntry): void => {
    if (type === "File") names.push(`${path.replace("./", "")} ${size}`);
  };
  list({ sync: true, onReadEntry }).end(Buffer.concat(parts));
  return `archive of ${names.toSorted().join()}`;
}

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
