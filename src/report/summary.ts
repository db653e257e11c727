import { harmlessText } from "../show/sanitise.ts";
import { explain } from "./explain.ts";
import { link, literal, literalCell } from "./markdown.ts";
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
  const { target, log, workers, tasks } = result;
  const rows: [string, string][] = [];
  if (target !== undefined) {
    rows.push(
      ["Cluster", literalCell(target.clusterName)],
      [tasks === undefined ? "Task" : "First failed task, else the first", literalCell(target.taskId)],
      ["Container", literalCell(target.container)],
    );
  }
  if (result.exitCode !== undefined) rows.push(["Exit code", literal(String(result.exitCode))]);
  if (log !== undefined) rows.push(["Log", log.url === "" ? literalCell(log.name) : link(log.name, log.url)]);
  const lines = [`### ${SIGNS[result.outcome]} fargate-exec: ${result.outcome}`, ""];
  const why = explain(result);
  if (why !== undefined) lines.push(...quoted(why.message), "");
  if (rows.length > 0)
    lines.push("| | |", "|---|---|", ...rows.map(([name, value]) => `| ${name} | ${value} |`), "");
  if (tasks !== undefined) lines.push(...taskTable(tasks));
  else if (workers.length > 1) {
    lines.push(
      "| Worker | Outcome | Exit code | Seconds |",
      "|---|---|---|---|",
      ...workers.map((w) => `| ${w.worker} | ${w.outcome} | ${w.exitCode} | ${w.seconds} |`),
      "",
    );
  }
  return lines.join("\n");
}

function taskTable(tasks: readonly Result[]): string[] {
  const rows = tasks.map((one, task) => {
    const id = literalCell(one.target?.taskId ?? "");
    const codes = one.workers.map(({ exitCode }) => exitCode).join(" ");
    const seconds = Math.max(0, ...one.workers.map((w) => w.seconds));
    return `| ${task} | ${id} | ${one.failure?.code ?? one.outcome} | ${codes} | ${seconds} |`;
  });
  return ["| | Task | Outcome | Exit codes of its workers | Seconds |", "|---|---|---|---|---|", ...rows, ""];
}

/** Each line by itself: of a paragraph GitHub would make one line. */
function quoted(message: string): string[] {
  return harmlessText(message)
    .split("\n")
    .flatMap((line, i) => [...(i > 0 ? [">"] : []), `> ${literal(line)}`.trimEnd()]);
}
