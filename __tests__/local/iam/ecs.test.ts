import { ecsRights } from "../../../local/iam/requests/ecs.ts";

/** What a call may tag according to the rights that it needs. */
async function taggedBy(operation: string, body: object): Promise<readonly string[]> {
  const request = {
    ...{ service: "ecs", operation, body: { ...body }, method: "POST" },
    ...{ url: new URL("http://local"), headers: {} },
  };
  const rights = await ecsRights(request, {
    ...{ region: "us-east-1", accountId: "123456789012", tagsOfTask: () => [] },
    records: { taskDefinition: () => Promise.reject(new Error("there is none")) },
    keyOfAlias: () => Promise.resolve(undefined),
  });
  return rights.filter(({ action }) => action === "ecs:TagResource").map(({ resource }) => resource);
}

it.each<[string, object, string]>([
  ["RunTask", { cluster: "demo", taskDefinition: "shop:1" }, "task/demo/*"],
  ["CreateService", { cluster: "demo", serviceName: "shop" }, "service/demo/shop"],
  ["RegisterTaskDefinition", { family: "shop" }, "task-definition/shop"],
])("%s needs the right to tag what it makes only if it has tags", async (operation, body, made) => {
  expect(await taggedBy(operation, body)).toEqual([]);
  expect(await taggedBy(operation, { ...body, tags: [] })).toEqual([]);
  expect(await taggedBy(operation, { ...body, tags: [{ key: "team", value: "shop" }] })).toEqual([
    `arn:aws:ecs:us-east-1:123456789012:${made}`,
  ]);
});
