import { Failure } from "../../src/errors.ts";
import { canNeverConnect } from "../../src/ready/denied-agent.ts";
import { aDefinition, aTask } from "../helpers/tasks.ts";

const denial = (code: "access-denied" | "cancelled") =>
  new Failure(code, { failed: "f.", seen: "s.", advice: "a." });
const definition = () => Promise.resolve(aDefinition());

it("a denial of one of the rights by which the agent connects proves it", async () => {
  const asked: unknown[] = [];
  const listDenied = (...question: unknown[]) => {
    asked.push(question);
    return Promise.resolve(["ssmmessages:OpenControlChannel"]);
  };
  const ecs = { describeTaskDefinition: definition };
  expect(await canNeverConnect(aTask(), "app", { ecs, iam: { listDenied } })).toBe(true);
  expect(asked).toEqual([
    [
      "arn:aws:iam::123456789012:role/task",
      ["ssmmessages:CreateControlChannel", "ssmmessages:OpenControlChannel"],
      ["*"],
      undefined,
    ],
  ]);
});

it.each([
  ["the policies allow it", definition, () => Promise.resolve([])],
  ["the policies may not be read", definition, () => Promise.reject(denial("access-denied"))],
  ["the role is not known", () => Promise.reject(denial("access-denied")), () => Promise.resolve(["x"])],
])("nothing is proven when %s", async (_, describeTaskDefinition, listDenied) => {
  const ecs = { describeTaskDefinition };
  const task = aTask({ taskRoleArn: undefined });
  expect(await canNeverConnect(task, "app", { ecs, iam: { listDenied } })).toBe(false);
});

it("a cancel is no answer", async () => {
  const cancelled = denial("cancelled");
  const iam = { listDenied: () => Promise.reject(cancelled) };
  await expect(
    canNeverConnect(aTask(), "app", { ecs: { describeTaskDefinition: definition }, iam }),
  ).rejects.toBe(cancelled);
});
