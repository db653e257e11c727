import { foldLines } from "./markdown.ts";
import type { Task } from "../aws/task.ts";
import type { PulledImage } from "../ready/image-sizes.ts";

/** When a job reached its phases, in milliseconds since the epoch. The time of a phase that it did not reach is undefined. */
export interface JobTimes {
  /** The job's target was known. */
  readonly beganAt: number;
  /** The container took sessions. */
  readonly readyAt?: number | undefined;
  /** The job had a seat in the container. */
  readonly seatedAt?: number | undefined;
  /** A session showed the job, or the step resumed it. */
  readonly attachedAt?: number | undefined;
  /** The first artifacts arrived. */
  readonly artifactsFrom?: number | undefined;
  readonly endedAt?: number | undefined;
}

/** A part of the step's time. */
export interface Span {
  readonly name: string;
  /** In milliseconds since the epoch. */
  readonly from: number;
  readonly to: number;
}

/** From the step's first moment to its report, in milliseconds since the epoch. */
export interface StepTimes {
  readonly from: number;
  readonly to: number;
}

const PULL = "Image pull";
const EARLIER = "Earlier attempts";

type Boundary = readonly [phase: string, end: number | undefined];

/**
 * The phases of a step and of its job in one task. They have no gap between them, so they add up to the step's time. The times that ECS
 * tells are from another clock, so they are limited to the step's time and kept in order. A phase that took no time is left out. For a job that was run again (`isAgain`) the first phase ends where its last attempt begins.
 */
export function makeTimeline(
  { from, to }: StepTimes,
  job: JobTimes | undefined,
  task: Task | undefined,
  started: boolean,
  isAgain = false,
): readonly Span[] {
  const spans: Span[] = [];
  let at = from;
  for (const [name, end] of boundaries(job, task, started, isAgain)) {
    if (end === undefined) continue;
    const until = Math.min(to, Math.max(at, end));
    if (until > at) spans.push({ name, from: at, to: until });
    at = until;
  }
  const last = job?.endedAt === undefined ? "Until the failure" : "Cleanup and report";
  return at < to ? [...spans, { name: last, from: at, to }] : spans;
}

function boundaries(
  job: JobTimes | undefined,
  task: Task | undefined,
  started: boolean,
  isAgain: boolean,
): readonly Boundary[] {
  const start: readonly Boundary[] = [
    [isAgain ? EARLIER : "Inputs and RunTask", task?.createdAt],
    ["Network interface", task?.connectivityAt],
    ["Preparation by ECS", task?.pullStartedAt],
    [PULL, task?.pullStoppedAt],
    ["Container start", task?.startedAt],
  ];
  return [
    ...(started ? start : ([[isAgain ? EARLIER : "Inputs and choice of the task", job?.beganAt]] as const)),
    ["Exec agent", job?.readyAt],
    ["Seat in the container", job?.seatedAt],
    ["Session and delivery", job?.attachedAt],
    ...(job?.artifactsFrom === undefined
      ? ([["Script", job?.endedAt]] as const)
      : ([
          ["Script", job.artifactsFrom],
          ["Artifacts", job.endedAt],
        ] as const)),
  ];
}

/**
 * The timeline in Markdown: a Gantt chart, which GitHub draws, and a table. All names of phases are our own. When the image's size is known,
 * it stands behind the name of the pull.
 */
export function timelineSection(
  phases: readonly Span[],
  title: string,
  pulled: PulledImage | undefined,
): string[] {
  if (phases.length === 0) return [];
  const size = pulled && (pulled.isOnly ? megabytes(pulled) : `${megabytes(pulled)} for the job's container`);
  const spans = phases.map((span) =>
    span.name === PULL && size !== undefined ? { ...span, name: `${PULL} (${size})` } : span,
  );
  const all = spans.reduce((sum, { from, to }) => sum + to - from, 0);
  return foldLines(`${title}: ${seconds(all)} s`, [
    "```mermaid",
    "gantt",
    `  title ${title}`,
    "  dateFormat x",
    `  axisFormat ${all < 3_600_000 ? "%H:%M:%S" : "%H:%M"}`,
    ...spans.map(({ name, from, to }) => `  ${name} : ${Math.round(from)}, ${Math.round(to)}`),
    "```",
    "",
    "| Phase | Seconds |",
    "|---|--:|",
    ...spans.map(({ name, from, to }) => `| ${name} | ${seconds(to - from)} |`),
    `| **All** | **${seconds(all)}** |`,
  ]);
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}

/** As in "126 MB", where a megabyte is a million bytes. For bytes that took `per` seconds, the megabytes of one second. */
function megabytes({ bytes, isMost }: PulledImage, per = 1): string {
  const count = bytes / per / 1e6;
  return `${isMost ? "at most " : ""}${count.toFixed(count < 10 ? 1 : 0)} MB`;
}

/** What would shorten the start, when the image's pull takes at least 2 s and more than half of it; else nothing. */
export function advisePull(task: Task | undefined, pulled: PulledImage | undefined): string[] {
  const { createdAt, pullStartedAt, pullStoppedAt, startedAt } = task ?? {};
  if (createdAt === undefined || pullStartedAt === undefined || pullStoppedAt === undefined || !startedAt)
    return [];
  const pull = pullStoppedAt - pullStartedAt;
  const start = startedAt - createdAt;
  if (pull < 2_000 || pull * 2 <= start) return [];
  const rate = pulled?.isOnly ? `: ${megabytes(pulled)}, ${megabytes(pulled, pull / 1000)} a second` : "";
  return [
    `The pull of the image took ${seconds(pull)} s of the ${seconds(start)} s until the container had started${rate}. It is shorter with a smaller ` +
      "image, layers compressed by zstd, an index of SOCI for lazy loading, or a registry in the task's region.",
    "",
  ];
}
