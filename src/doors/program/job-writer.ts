import { linesOf, type OutputWriter } from "../../report/show/lines.ts";

const LF = Buffer.from("\n");
const NOTHING = Buffer.alloc(0);

/** Write the bytes of each stream of the job. A stream without a writer is dropped. */
export type StreamWriters = Readonly<
  Record<"stdout" | "stderr", ((...pieces: readonly Buffer[]) => void) | undefined>
>;

/**
 * Writes the lines of a job to the stream that each belongs to, behind the label, if there is one. Without a label the
 * bytes of a lone worker stay as they are: a last line that has no end gets none.
 */
export function makeJobWriter(write: StreamWriters, label?: string): OutputWriter {
  if (label === undefined)
    return ({ stream, source, bytes, ended }) =>
      write[stream]?.(bytes, ended || !isAlone(source) ? LF : NOTHING);
  const prefix = Buffer.from(label);
  return ({ stream, bytes }) => {
    for (const line of linesOf(bytes)) write[stream]?.(prefix, line, LF);
  };
}

/** Tags of a job's streams have the worker's number when there are several workers. */
function isAlone(source: string): boolean {
  return source === "" || source === "e";
}
