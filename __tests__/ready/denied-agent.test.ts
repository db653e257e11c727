import { Failure } from "../../src/errors.ts";
import { canNever } from "../../src/ready/denied-agent.ts";
import { aDefinition, aTask } from "../helpers/tasks.ts";

const denial = (code: "access-denied" | "cancelled") =>
  new Failure(code, { failed: "f.", seen: "s.", advice: "a." });
const definition = () => Promise.resolve(aDefinition());

it.each([
  ["connect", "ControlChannel"],
  ["open", "DataChannel"],
] as const)(
  "a denial of one of the rights by which the agent does that proves it: %s",
  async (act, channel) => {
    const asked: unknown[] = [];
    const listDenied = (...question: unknown[]) => {
      asked.push(question);
      return Promise.resolve([`ssmmessages:Open${channel}`]);
    };
    const ecs = { describeTaskDefinition: definition };
    expect(await canNever(act, aTask(), "app", { ecs, iam: { listDenied } })).toBe(true);
    expect(asked).toEqual([
      [
        "arn:aws:iam::123456789012:role/task",
        [`ssmmessages:Create${channel}`, `ssmmessages:Open${channel}`],
        ["*"],
        undefined,
      ],
    ]);
  },
);

it.each([
  ["the policies allow it", definition, () => Promise.resolve([])],
  ["the policies may not be read", definition, () => Promise.reject(denial("access-denied"))],
  ["the role is not known", () => Promise.reject(denial("access-denied")), () => Promise.resolve(["x"])],
])("nothing is proven when %s", async (_, describeTaskDefinition, listDenied) => {
  const ecs = { describeTaskDefinition };
  const task = aTask({ taskRoleArn: undefined });
  expect(await canNever("connect", task, "app", { ecs, iam: { listDenied } })).toBe(false);
});

it("a cancel is no answer", async () => {
  const cancelled = denial("cancelled");
  const iam = { listDenied: () => Promise.reject(cancelled) };
  await expect(
    canNever("connect", aTask(), "app", { ecs: { describeTaskDefinition: definition }, iam }),
  ).rejects.toBe(cancelled);
});
