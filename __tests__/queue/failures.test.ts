import type { MatrixJob, TaskSelection } from "../../src/inputs/inputs.ts";
import { checkBucketIsGiven } from "../../src/queue/failures.ts";
import { Failure } from "../../src/errors.ts";
import { ID } from "../helpers/tasks.ts";

const TASK: TaskSelection = { kind: "task", task: ID };
const SERVICE: TaskSelection = { kind: "service", service: "web", tasks: 1 };
const NEW = { kind: "new" } as TaskSelection;
const many = (atOnce: number): MatrixJob => ({ index: 1, total: 12, atOnce });

it.each<[string, TaskSelection, MatrixJob | undefined, string | undefined, boolean]>([
  ["three jobs at once in a running task need a bucket", TASK, many(3), undefined, true],
  ["so do those in a service's", SERVICE, many(12), undefined, true],
  ["two jobs at once need none", TASK, many(2), undefined, false],
  ["a bucket orders any number", SERVICE, many(256), "example-ci", false],
  ["jobs whose tasks are their own need none", NEW, many(256), undefined, false],
  ["an unknown matrix is not refused", TASK, undefined, undefined, false],
])("%s", (_, where, matrix, bucket, refused) => {
  let failure: unknown;
  try {
    checkBucketIsGiven({ where, matrix, bucket });
  } catch (error) {
    failure = error;
  }
  expect(failure instanceof Failure && failure.code === "bucket-needed").toBe(refused);
});
