import { consoleHost } from "../aws/partitions.ts";
import { harmlessLine } from "./show/sanitise.ts";
import { foldLines, link, literal, literalCell } from "./markdown.ts";
import { execLine, isKept, runsSince, shellLine } from "../undo/keep-task.ts";
import type { ExplainedStep } from "./explain.ts";
import type { TaskFacts, TaskResult, WorkerResult } from "./result.ts";

/** A table with more rows is folded. */
const MOST_OPEN_ROWS = 20;
/** The most rows of a table. Each has some 150 bytes, and GitHub takes no summary of more than 1 MiB. */
const MOST_ROWS = 3_000;
/** The most exit codes of a task's workers in its row. */
const MOST_CODES = 16;
const MOST_LAST_LINES = 50;
const LONGEST_LAST_LINE = 300;

/** The rows about the task, the exit code, the artifacts and the log. */
export function factRows({ task, exitCode }: TaskResult, taskTitle: string): string[] {
  const rows: [string, string][] = task === undefined ? [] : placeRows(task, taskTitle);
  if (exitCode !== undefined) rows.push(["Exit code", literal(String(exitCode))]);
  const { artifacts } = task ?? {};
  if (artifacts !== undefined) {
    const { count, bytes, directory, problems } = artifacts;
    const missing = problems.length === 0 ? "" : ", some are missing";
    rows.push(["Artifacts", `${count} files, ${bytes} bytes in ${literalCell(directory)}${missing}`]);
  }
  const log = task?.log;
  if (log !== undefined)
    rows.push([
      "Log",
      log.kind === "cloudwatch" && log.url !== undefined ? link(log.name, log.url) : literalCell(log.name),
    ]);
  return rows.map(([name, value]) => `| ${name} | ${value} |`);
}

/** A link to the workflow run, for a reader who has the summary without its page. */
export function runRows({ run }: ExplainedStep): string[] {
  if (run === undefined || !URL.canParse(run.url)) return [];
  const attempt = run.runAttempt === "1" ? "" : `, attempt ${run.runAttempt}`;
  return [`| Run | ${link(run.runId + attempt, run.url)} |`];
}

/** The rows with the commands that open a shell in a task that `keep-task` keeps. */
export function keptRows({ task, outcome }: TaskResult, { selection }: ExplainedStep): string[] {
  const { target } = task ?? {};
  if (target?.started !== true || selection === undefined || outcome === "cancelled") return [];
  const ended = { succeeded: outcome === "succeeded", startedAt: runsSince(task) };
  if (!isKept(selection.where, ended)) return [];
  const { region } = selection;
  return [
    `| Shell in the kept task | ${literalCell(shellLine(target, region))} |`,
    `| The same by the AWS CLI | ${literalCell(execLine(target, region))} |`,
  ];
}

function placeRows({ target, described }: TaskFacts, taskTitle: string): [string, string][] {
  const { clusterName, container } = target;
  const image = described?.containers.find(({ name }) => name === container)?.image;
  const { cpu, memory } = described ?? {};
  const sizes = [
    ...(cpu === undefined ? [] : [`${cpu / 1024} vCPU`]),
    ...(memory === undefined ? [] : [`${memory} MiB`]),
  ];
  return [
    ["Cluster", literalCell(clusterName)],
    [taskTitle, taskLink(target)],
    ["Container", literalCell(container)],
    ...(image === undefined ? [] : [["Image", literalCell(image)] as [string, string]]),
    ...(described === undefined
      ? []
      : [
          ["Task definition", literalCell(described.taskDefinitionArn.replace(/^.*\//, ""))] as [
            string,
            string,
          ],
        ]),
    ...(sizes.length === 0 ? [] : [["CPU and memory", sizes.join(", ")] as [string, string]]),
  ];
}

/** A link to the task in the console. ECS shows a task there for an hour after its end. */
function taskLink({ taskArn, clusterName, taskId }: TaskFacts["target"]): string {
  const region = /^arn:[\w-]+:ecs:([a-z\d-]+):/.exec(taskArn)?.[1];
  const isPlain = /^\w[\w-]*$/.test(clusterName) && /^[\da-f-]{32,36}$/.test(taskId);
  const host = region === undefined ? undefined : consoleHost(region);
  if (region === undefined || host === undefined || !isPlain) return literalCell(taskId);
  return link(taskId, `https://${host}/ecs/v2/clusters/${clusterName}/tasks/${taskId}?region=${region}`);
}

export function workerTable(workers: readonly WorkerResult[]): string[] {
  return foldedTable(
    `${workers.length} workers`,
    ["| Worker | Outcome | Exit code | Seconds |", "|---|---|---|---|"],
    workers.map((w) => `| ${w.worker} | ${w.outcome} | ${w.exitCode} | ${w.seconds} |`),
  );
}

export function taskTable(tasks: readonly TaskResult[]): string[] {
  const rows = tasks.map((one, task) => {
    const id = literalCell(one.task?.target.taskId ?? "");
    const workers = one.kind === "status" ? one.workers : [];
    const codes = workers.slice(0, MOST_CODES).map(({ exitCode }) => exitCode);
    const more = workers.length > MOST_CODES ? " …" : "";
    const seconds = Math.max(0, ...workers.map((w) => w.seconds));
    const end = one.kind === "failed" ? one.failure.code : one.outcome;
    return `| ${task} | ${id} | ${end} | ${codes.join(" ")}${more} | ${seconds} |`;
  });
  const head = ["| Index | Task | Outcome | Exit codes of its workers | Seconds |", "|---|---|---|---|---|"];
  return foldedTable(`${tasks.length} tasks`, head, rows);
}

/** The last lines that the script printed, folded, in a block in which nothing is Markdown. */
export function lastLinesSection(printed: string): string[] {
  const lines = fencedLines(printed.split(/\r\n|[\r\n]/));
  return lines.length === 0 ? [] : foldLines("The last lines that the script printed", lines);
}

/** The last of these lines in a block in which nothing is Markdown; nothing when all are empty. */
export function fencedLines(printed: readonly string[]): string[] {
  const lines = printed.slice(-MOST_LAST_LINES).map((line) => harmlessLine(line, LONGEST_LAST_LINE));
  if (lines.every((line) => line === "")) return [];
  const longest = Math.max(
    3,
    ...lines.flatMap((line) => (line.match(/`+/g) ?? []).map((run) => run.length + 1)),
  );
  const fence = "`".repeat(longest);
  return [`${fence}text`, ...lines, fence];
}

/** A table that is folded when it is long, and cut when it is too long for a summary. `total` counts also the rows that are not in `rows`. */
export function foldedTable(
  title: string,
  head: readonly string[],
  rows: readonly string[],
  total = rows.length,
): string[] {
  const more = total - Math.min(rows.length, MOST_ROWS);
  const cut = more > 0 ? ["", `… and ${more} more.`] : [];
  const table = [...head, ...rows.slice(0, MOST_ROWS), ...cut];
  return rows.length > MOST_OPEN_ROWS ? foldLines(title, table) : [...table, ""];
}
