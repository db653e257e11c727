import { isRecord } from "../../values.ts";
import { UsageError } from "./usage-error.ts";

export const HANDLE_HELP =
  "the output 'handle' of the run that has left the script running; - reads it, or the file of --outputs-file, from standard input";

/**
 * The handle of the command line, or that on standard input when `given` is `-`. On standard input it stays out of the list of processes.
 * Standard input may also be the file that `--outputs-file` has written. Rejects with a `UsageError` when there is no handle. Does not check
 * its form.
 */
export async function handleText(given: string, stdin: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  if (given === "-") for await (const chunk of stdin) chunks.push(chunk);
  const text = (given === "-" ? Buffer.concat(chunks).toString() : given).trim();
  const handle = text.startsWith("{") ? handleIn(text) : text;
  if (handle === "")
    throw new UsageError("There is no handle: it is empty unless a script was left running.");
  return handle;
}

/** A message about the command line without its handles. Such a message may repeat a word of the command line. */
export function withoutHandles(message: string): string {
  return message.replace(/\bfx\d+\.[\w.-]+/g, "(a handle)");
}

/** The handle in the outputs of a run. */
export function handleIn(outputs: string): string {
  try {
    const parsed: unknown = JSON.parse(outputs);
    const handle = isRecord(parsed) ? parsed["handle"] : undefined;
    return typeof handle === "string" ? handle : "";
  } catch {
    return outputs;
  }
}
