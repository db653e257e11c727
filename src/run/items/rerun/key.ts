import { createHash } from "node:crypto";
import type { Inputs, ScriptSource, TaskSelection } from "../../../inputs/inputs.ts";
import type { Origin } from "../../../inputs/origin.ts";
import { isRecord } from "../../../values.ts";
import { isDefinitionFile } from "../../../targets/definitions/definition-file.ts";

/**
 * The inputs that decide neither what an item does nor in what it runs: how many tasks start, for how long one is waited for, and what
 * becomes of the output. What a secret's value is no key may tell.
 */
const NOT_COMPARED: ReadonlySet<string> = new Set<keyof Inputs>([
  ...(["items", "secrets", "script", "where"] as const), // compared in another form
  ...(["check", "protect", "deployment", "forwards", "detach", "matrix"] as const),
  ...(["startTimeout", "queueTimeout", "timeout", "retry", "rerun", "itemLog"] as const),
  ...(["workers", "maxParallel", "failFast"] as const),
  ...([
    "artifacts",
    "itemFiles",
    "reports",
    "stderr",
    "logs",
    "logToContainer",
    "workflowCommands",
    "summary",
  ] as const),
  ...(["bucket", "prefix", "bucketOwner", "kmsKeyId"] as const),
]);

export interface ContentOptions {
  readonly readFile: (path: string) => Uint8Array;
  /** A digest of what the input `files` brings; undefined without. */
  readonly files?: string | undefined;
}

/**
 * A digest of all that decides what these items do: the script, the items, and the inputs that are no secrets. An input that is added to the action
 * counts, unless it is named above. The digest does not have the task definition's content or the image's, unless a file holds the definition.
 */
export function itemsKey(
  inputs: Inputs,
  items: readonly string[],
  { readFile, files }: ContentOptions,
): string {
  const others = Object.entries(inputs).filter(([name]) => !NOT_COMPARED.has(name));
  return digest({
    inputs: Object.fromEntries(others),
    ...{ script: scriptBytes(inputs.script), items, batch: inputs.items?.batch },
    secrets: Object.keys(inputs.secrets),
    where: comparedSelection(inputs.where),
    definition: definitionBytes(inputs.where, readFile),
    files,
  });
}

/** The name of the record of these items in this step of the workflow's run. It is the same in each attempt of the run. */
export function recordName(
  key: string,
  { repository, runId, step, variables }: Pick<Origin, "repository" | "runId" | "step" | "variables">,
  jobIndex: number | undefined,
): string {
  const job = variables["GITHUB_JOB"];
  return digest({ server: variables["GITHUB_SERVER_URL"], repository, runId, job, step, jobIndex, key });
}

/** The path of a task definition's file; undefined when the tasks have another one. */
export function definitionFile(where: TaskSelection): string | undefined {
  if (where.kind !== "new") return undefined;
  const of = where.of.kind === "image-in-definition" ? where.of.of : where.of;
  return of.kind === "task-definition" && isDefinitionFile(of.taskDefinition) ? of.taskDefinition : undefined;
}

function definitionBytes(
  where: TaskSelection,
  readFile: (path: string) => Uint8Array,
): Uint8Array | undefined {
  const path = definitionFile(where);
  try {
    return path === undefined ? undefined : readFile(path);
  } catch {
    return undefined; // the start of the task says what is wrong with it
  }
}

/** Which running task of a service has the items is left out: its definition and its image are compared by themselves. */
function comparedSelection(where: TaskSelection): unknown {
  if (where.kind === "service") return { service: where.service };
  if (where.kind === "task") return { task: where.task };
  if (where.kind !== "new") return {};
  const { of, service, start } = where;
  const compared = { ...start, capacityProviders: undefined, tags: undefined, keepTask: undefined };
  return { of, service, start: compared };
}

function scriptBytes(script: ScriptSource): Uint8Array {
  if (script.kind === "none") return Buffer.alloc(0);
  return script.kind === "run" ? Buffer.from(script.text) : script.bytes;
}

/** A SHA-256 of a value, in which the order of an object's members does not count. */
function digest(value: unknown): string {
  return createHash("sha256")
    .update(JSON.stringify(canonical(value)))
    .digest("hex");
}

function canonical(value: unknown): unknown {
  if (value instanceof Uint8Array) return { sha256: createHash("sha256").update(value).digest("hex") };
  if (Array.isArray(value)) return value.map(canonical);
  if (!isRecord(value)) return value;
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(members.map(([name, member]) => [name, canonical(member)]));
}
