import { actionData, keysOf } from "../../../local/iam/action-data.ts";

it.each<[string, readonly string[]]>([
  // Its own key, and those of the types of its resources.
  ["ecs:StopTask", ["ecs:cluster", "aws:ResourceTag/team"]],
  ["ecs:ExecuteCommand", ["ecs:cluster", "ecs:container-name", "aws:ResourceTag/team"]],
  ["ecs:ContinueServiceDeployment", ["ecs:cluster", "aws:ResourceTag/team"]],
  ["s3:ListBucket", ["s3:prefix"]],
  ["sts:GetCallerIdentity", []],
])(
  "a condition of %s finds the keys of the action and of its resources, and no others",
  async (action, keys) => {
    const data = await actionData(action);
    if (data === undefined) throw new Error("it is not known");
    const asked = ["ecs:cluster", "ecs:container-name", "s3:prefix", "aws:ResourceTag/team", "aws:TagKeys"];
    const context = Object.fromEntries(asked.map((key) => [key, "value"]));
    expect(Object.keys(keysOf(data, context)).sort()).toEqual([...keys].sort());
  },
);

it("an action that AWS does not have is not known", async () => {
  expect(await actionData("ecs:StopTheTask")).toBeUndefined();
});
