import type { TaskDefinition } from "../../aws/task-definition.ts";
import type { Task } from "../../aws/task.ts";

/** The check of one thing that ECS Exec needs. The state is `SKIP` where it is not known. */
export interface Check {
  readonly what: string;
  readonly state: "OK" | "NG" | "SKIP";
  /** What was seen. */
  readonly words: string;
  /** What to do where the state is NG. */
  readonly fix: string;
}

export interface CheckFacts {
  readonly task: Task;
  readonly container: string;
  /** Undefined where the caller may not read it. */
  readonly definition: TaskDefinition | undefined;
}

/** Makes a check. `known` is the checked value; undefined where the caller may not read it. */
export function check(what: string, known: unknown, isGood: boolean, words: string, fix: string): Check {
  if (known === undefined) return { what, state: "SKIP", words: "not known: it may not be read", fix };
  return { what, state: isGood ? "OK" : "NG", words, fix };
}
