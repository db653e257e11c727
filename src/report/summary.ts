import { explain } from "./explain.ts";
import type { Result } from "./result.ts";

const SIGNS: Readonly<Record<Result["outcome"], string>> = {
  succeeded: "✅",
  failed: "❌",
  "timed-out": "⏱️",
  cancelled: "🚫",
  "not-started": "❌",
  unknown: "❓",
};

/** The job summary in Markdown: how it ended and where to look. Holds none of the job's output. */
export function summary(result: Result): string {
  const { target, log, workers } = result;
  const rows: [string, string][] = [];
  if (target !== undefined) {
    rows.push(
      ["Cluster", code(target.clusterName)],
      ["Task", code(target.taskId)],
      ["Container", code(target.container)],
    );
  }
  if (result.exitCode !== undefined) rows.push(["Exit code", code(String(result.exitCode))]);
  if (log !== undefined)
    rows.push(["Log", log.url === "" ? code(log.name) : `[${escape(log.name)}](${log.url})`]);
  const lines = [`### ${SIGNS[result.outcome]} fargate-exec: ${result.outcome}`, ""];
  const why = explain(result);
  if (why !== undefined) lines.push(...why.message.split("\n").map((line) => `> ${escape(line)}`), "");
  if (rows.length > 0)
    lines.push("| | |", "|---|---|", ...rows.map(([name, value]) => `| ${name} | ${value} |`), "");
  if (workers.length > 1) {
    lines.push(
      "| Worker | Outcome | Exit code | Seconds |",
      "|---|---|---|---|",
      ...workers.map((w) => `| ${w.worker} | ${w.outcome} | ${w.exitCode} | ${w.seconds} |`),
      "",
    );
  }
  return lines.join("\n");
}

function code(text: string): string {
  return `\`${text.replaceAll("`", "")}\``;
}

function escape(text: string): string {
  return text.replace(/[\\`*_{}[\]<>|#]/g, "\\$&");
}
