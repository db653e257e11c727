import type { DefinitionContent } from "../../aws/task-definition.ts";
import type { Task } from "../../aws/task.ts";
import type { LaunchInputs } from "../../targets/start/borrow.ts";

/** What is known of the container that is checked. */
export interface CheckFacts {
  /** Undefined for a task that is not started yet. */
  readonly task: Task | undefined;
  readonly container: string;
  /** Undefined when the caller may not read it. */
  readonly definition: DefinitionContent | undefined;
  /** Settings of a new task that count before those of its definition. */
  readonly start?:
    | Pick<
        LaunchInputs,
        "platformVersion" | "capacityProviders" | "launchType" | "taskRole" | "executionRole" | "overrides"
      >
    | undefined;
}

/** The task role's ARN, or its name when the input `task-role` gives that. */
export function taskRoleOf({ task, definition, start }: CheckFacts): string | undefined {
  const overriding = start?.overrides["taskRoleArn"];
  if (typeof overriding === "string") return overriding;
  return start?.taskRole ?? task?.taskRoleArn ?? definition?.taskRoleArn;
}
