import { Failure } from "../../../src/errors.ts";
import type { MadeResource } from "../../../src/targets/made/made-resource.ts";
import { UndoList } from "../../../src/targets/made/undo-list.ts";

const TASK = { cluster: "ci", startedBy: "me" };
const begun = { kind: "task", ...TASK, taskArn: undefined };
const known = { ...begun, taskArn: "arn:task" };
const registration = { kind: "registration", family: "web", run: "me" };
const definition: MadeResource = { kind: "task-definition", arn: "arn:definition" };
const failure = (code: Failure["code"], cause?: unknown) =>
  new Failure(code, { failed: "", seen: "", advice: "", cause });

/** A list, and each of its states that it has reported. */
function makeList(signal?: AbortSignal) {
  const reported: (readonly MadeResource[])[] = [];
  return { list: new UndoList((undo) => reported.push(undo), signal), reported };
}

it("a list has a task before it is started, and its ARN before the call has come to its end", async () => {
  const { list, reported } = makeList();
  await list.whileStarting(TASK, () => {
    expect(reported.at(-1)).toEqual([begun]);
    list.started(TASK, ["arn:task"]);
    return Promise.resolve();
  });
  expect(reported).toEqual([[begun], [known, begun], [known]]);
});

it("a list names the tasks that were stopped beside one that is being started, since ECS may still list them", async () => {
  const { list, reported } = makeList();
  list.started(TASK, ["arn:old", "arn:task"]);
  list.stopped("arn:old");
  await list.whileStarting(TASK, () => {
    expect(reported.at(-1)).toEqual([known, { ...begun, others: ["arn:old"] }]);
    list.stopped("arn:task");
    return Promise.resolve();
  });
  expect(reported.slice(-2)).toEqual([[{ ...begun, others: ["arn:old", "arn:task"] }], []]);
});

it("a list tells which task was asked to stop, once", () => {
  const stopped: unknown[] = [];
  const list = new UndoList((_, task) => stopped.push(task));
  list.started(TASK, ["arn:task"]);
  list.stopped("arn:task");
  list.stopped("arn:task");
  expect(stopped).toEqual([undefined, known, undefined]);
});

it("a list has a registration before it is made, and then what that has made", async () => {
  const { list, reported } = makeList();
  const register = () => Promise.resolve({ arn: "arn:definition" });
  await list.whileRegistering({ family: "web", run: "me" }, register, () => definition);
  expect(reported).toEqual([[registration], [definition]]);
});

it("a list keeps a registration that was repeated beside what its last try has made", async () => {
  const { list, reported } = makeList();
  const register = () => Promise.resolve({ arn: "arn:definition", repeated: true as const });
  await list.whileRegistering({ family: "web", run: "me" }, register, () => definition);
  expect(reported.at(-1)).toEqual([definition, { ...registration, known: "arn:definition" }]);
});

it("a list has a definition of another job from the moment that it is shared", () => {
  const { list, reported } = makeList();
  const shared = {
    kind: "shared-definition",
    arn: "arn:definition",
    family: "web",
    cluster: "ci",
    startedBy: "me",
    registered: false,
  } as const;
  list.sharing(shared);
  expect(reported).toEqual([[shared]]);
});

it.each<[string, unknown, boolean]>([
  ["AWS refused", failure("access-denied"), false],
  ["AWS throttled", failure("throttled", { $metadata: { httpStatusCode: 400 } }), false],
  ["AWS failed at by itself", failure("aws-error", { $metadata: { httpStatusCode: 500 } }), true],
  [
    "AWS refused after a try that it did not answer",
    failure("access-denied", { $metadata: { httpStatusCode: 400, mayHaveWorked: true } }),
    true,
  ],
  ["AWS did not answer to", failure("aws-unreachable"), true],
  ["a cancel cut short", failure("cancelled"), true],
  ["something else broke", new Error("broken"), true],
])("a task whose start %s: whether it stays listed", async (_, error, stays) => {
  const { list, reported } = makeList();
  const call = list.whileStarting(TASK, () => Promise.reject(error as Error));
  await expect(call).rejects.toBe(error);
  expect(reported.at(-1)).toEqual(stays ? [begun] : []);
});

it("a list lets nothing be made after an abort, and lists nothing for it", async () => {
  const cancel = new AbortController();
  const { list, reported } = makeList(cancel.signal);
  const reason = failure("cancelled");
  cancel.abort(reason);
  let calls = 0;
  const start = () => Promise.resolve((calls += 1));
  await expect(list.whileStarting(TASK, start)).rejects.toBe(reason);
  expect([calls, reported]).toEqual([0, []]);
});

it("a list numbers the calls from 1", () => {
  const { list } = makeList();
  expect([list.nextCall(), list.nextCall()]).toEqual([1, 2]);
});
