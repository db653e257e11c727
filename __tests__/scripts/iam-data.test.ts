import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { iamData } from "../../scripts/iam-data.ts";

const files = join(import.meta.dirname, "../../docs/iam");

interface Policy {
  readonly Statement: readonly { readonly Action: string | readonly string[] }[];
}

/** The services whose actions the policy files of the documentation allow. */
function allowedServices(): ReadonlySet<string> {
  const policies = readdirSync(files)
    .filter((name) => name.endsWith(".json"))
    .map((name) => JSON.parse(readFileSync(join(files, name), "utf8")) as Policy);
  const actions = policies.flatMap(({ Statement }) => Statement.flatMap(({ Action }) => Action));
  return new Set(actions.map((action) => action.split(":")[0] ?? ""));
}

it("the package's local Fargate knows the actions of each service that a policy file allows", async () => {
  const source = await iamData();
  const data = (await import(`data:text/javascript,${encodeURIComponent(source)}`)) as {
    readonly iamServiceExists: (service: string) => Promise<boolean>;
  };
  const services = [...allowedServices()];
  expect(services).toEqual(expect.arrayContaining(["ecs", "ecr", "s3"]));
  const known = await Promise.all(services.map(data.iamServiceExists));
  expect(services.filter((_, index) => known[index] !== true)).toEqual([]);
});
