import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { iamData } from "../../scripts/iam-data.ts";

const policyDirectory = join(import.meta.dirname, "../../docs/iam");

interface Policy {
  readonly Statement: readonly { readonly Action: string | readonly string[] }[];
}

/** The actions that the policy files of the documentation name, but for those with a wildcard. */
function namedActions(): readonly string[] {
  const policies = readdirSync(policyDirectory)
    .filter((name) => name.endsWith(".json"))
    .map((name) => JSON.parse(readFileSync(join(policyDirectory, name), "utf8")) as Policy);
  const actions = policies.flatMap(({ Statement }) => Statement.flatMap(({ Action }) => Action));
  return [...new Set(actions)].filter((action) => !action.includes("*"));
}

it("the package's IAM data has each action that a policy file names", async () => {
  const source = await iamData();
  const data = (await import(`data:text/javascript,${encodeURIComponent(source)}`)) as {
    readonly iamActionExists: (service: string, name: string) => Promise<boolean>;
  };
  const actions = namedActions();
  expect(actions).toEqual(expect.arrayContaining(["ecs:ExecuteCommand", "ecr:DescribeImages"]));
  const known = await Promise.all(
    actions.map((action) => data.iamActionExists(...(action.split(":") as [string, string]))),
  );
  expect(actions.filter((_, index) => known[index] !== true)).toEqual([]);
});
