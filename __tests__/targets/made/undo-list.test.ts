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

/** A list, and all that it has told. */
function makeList(signal?: AbortSignal) {
  const told: (readonly MadeResource[])[] = [];
  return { list: new UndoList((undo) => told.push(undo), signal), told };
}

it("has a task before it is started, and its ARN before the call has come to its end", async () => {
  const { list, told } = makeList();
  await list.whileStarting(TASK, () => {
    expect(told.at(-1)).toEqual([begun]);
    list.started(TASK, ["arn:task"]);
    return Promise.resolve();
  });
  expect(told).toEqual([[begun], [known, begun], [known]]);
});

it("has a registration before it is made, and then what that has made", async () => {
  const { list, told } = makeList();
  const register = () => Promise.resolve({ arn: "arn:definition" });
  await list.whileRegistering({ family: "web", run: "me" }, register, () => definition);
  expect(told).toEqual([[registration], [definition]]);
});

it("keeps a registration that was repeated beside what its last try has made", async () => {
  const { list, told } = makeList();
  const register = () => Promise.resolve({ arn: "arn:definition", repeated: true as const });
  await list.whileRegistering({ family: "web", run: "me" }, register, () => definition);
  expect(told.at(-1)).toEqual([definition, { ...registration, known: "arn:definition" }]);
});

it("has a definition of another job from the moment that it is shared", () => {
  const { list, told } = makeList();
  const shared = {
    kind: "shared-definition",
    arn: "arn:definition",
    family: "web",
    cluster: "ci",
    startedBy: "me",
    registered: false,
  } as const;
  list.sharing(shared);
  expect(told).toEqual([[shared]]);
});

it.each<[string, unknown, boolean]>([
  ["AWS refused", failure("access-denied"), false],
  ["AWS throttled", failure("throttled", { $metadata: { httpStatusCode: 400 } }), false],
  ["AWS failed at by itself", failure("aws-error", { $metadata: { httpStatusCode: 500 } }), true],
  ["AWS did not answer to", failure("aws-unreachable"), true],
  ["a cancel cut short", failure("cancelled"), true],
  ["something else broke", new Error("broken"), true],
])("what %s: whether it stays listed", async (_, error, stays) => {
  const { list, told } = makeList();
  const call = list.whileStarting(TASK, () => Promise.reject(error as Error));
  await expect(call).rejects.toBe(error);
  expect(told.at(-1)).toEqual(stays ? [begun] : []);
});

it("lets nothing be made after an abort, and lists nothing for it", async () => {
  const cancel = new AbortController();
  const { list, told } = makeList(cancel.signal);
  const reason = failure("cancelled");
  cancel.abort(reason);
  let calls = 0;
  const start = () => Promise.resolve((calls += 1));
  await expect(list.whileStarting(TASK, start)).rejects.toBe(reason);
  expect([calls, told]).toEqual([0, []]);
});

it("numbers the calls from 1", () => {
  const { list } = makeList();
  expect([list.nextCall(), list.nextCall()]).toEqual([1, 2]);
});
