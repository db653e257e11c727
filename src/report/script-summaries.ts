import { taskResults, type Result } from "./result.ts";

/** The most bytes of a summary. GitHub takes no summary of more than 1 MiB, and none of it then. */
export const MOST_SUMMARY_BYTES = 1024 * 1024 - 1024;

/**
 * What the scripts have written into GITHUB_STEP_SUMMARY, in task, then worker order, to stand behind the step's own summary, which
 * has `taken` bytes. A part is left out as a whole when the summary would be too large, and the last line then says so. It is the
 * job's own Markdown: GitHub keeps scripts and styles out of it, as with a `run:` step.
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
  let left = 0;
  let room = MOST_SUMMARY_BYTES - taken;
  const shown = parts.flatMap(({ text, from }) => {
    const part = `\n\n#### From the script${from.length === 0 ? "" : `, ${from.join(", ")}`}\n\n${text}\n`;
    const bytes = Buffer.byteLength(part);
    if (bytes > room) {
      left += 1;
      return [];
    }
    room -= bytes;
    return [part];
  });
  const note =
    left === 0 ? "" : `\n\n${left} of ${parts.length} parts of the script do not fit into the summary.\n`;
  return shown.join("") + note;
}
