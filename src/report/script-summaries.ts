import { taskResults, type Result } from "./result.ts";

/** The most bytes of a summary. GitHub drops a summary of more than 1 MiB as a whole. */
export const MOST_SUMMARY_BYTES = 1024 * 1024 - 1024;

/**
 * What the scripts have written into GITHUB_STEP_SUMMARY, in task, then worker order. It follows the step's own summary, which has
 * `taken` bytes. A part for which the summary has no room is left out, and the last line then says how many were. The parts are the
 * job's own Markdown: GitHub keeps scripts and styles out of them, as with a `run:` step.
 */
export function scriptSummaries(result: Result, taken: number): string {
  const tasks = taskResults(result);
  const parts = tasks.flatMap((one, index) =>
    (one.task?.script.summaries ?? []).map(({ worker, text }) => ({
      text,
      from: [
        ...(tasks.length > 1 ? [`task ${index}`] : []),
        ...(one.kind === "status" && one.workers.length > 1 ? [`worker ${worker}`] : []),
      ],
    })),
  );
  let leftOut = 0;
  let room = MOST_SUMMARY_BYTES - taken;
  const shown = parts.flatMap(({ text, from }) => {
    const part = `\n\n#### From the script${from.length === 0 ? "" : `, ${from.join(", ")}`}\n\n${text}\n`;
    const bytes = Buffer.byteLength(part);
    if (bytes > room) {
      leftOut += 1;
      return [];
    }
    room -= bytes;
    return [part];
  });
  const note =
    leftOut === 0
      ? ""
      : `\n\n${leftOut} of ${parts.length} parts of the script do not fit into the summary.\n`;
  return shown.join("") + note;
}
