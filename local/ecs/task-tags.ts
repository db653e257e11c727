import type { Task } from "../task/task.ts";
import type { Ecs } from "./ecs.ts";
import { invalidParameter } from "./errors.ts";
import type { Tag } from "../ecs-shapes.ts";

interface TagsRequest {
  readonly resourceArn?: string;
  readonly tags?: readonly Tag[];
  readonly tagKeys?: readonly string[];
}

const OPERATIONS = ["TagResource", "UntagResource", "ListTagsForResource"];

/** Answers a call on the tags of a task. Undefined for other calls, and for other resources, whose tags moto keeps. */
export function taskTags(ecs: Ecs, operation: string, request: TagsRequest): Promise<object> | undefined {
  const { resourceArn = "" } = request;
  if (!OPERATIONS.includes(operation) || !resourceArn.includes(":task/")) return undefined;
  return answer(ecs.tasks.get(resourceArn), operation, request);
}

/** Answers by a promise, so that the caller gets a refusal as a rejection. */
async function answer(task: Task | undefined, operation: string, request: TagsRequest): Promise<object> {
  // AWS's own words for this error are not known.
  if (task === undefined) throw invalidParameter("The specified task was not found.");
  if (operation === "ListTagsForResource") return await Promise.resolve({ tags: task.tags });
  const { tags = [] } = request;
  const keys = request.tagKeys ?? tags.map(({ key }) => key);
  task.tags = [...task.tags.filter(({ key }) => !keys.includes(key)), ...tags];
  return {};
}
