import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { act, type ActRequest, type ActResult } from "../__tests__/helpers/act.ts";
import { workflowsOf } from "../__tests__/helpers/workflow-files.ts";

/**
 * `STACK='{…}' node scripts/examples-on-aws.ts matrix.yml`: runs an example by act on this machine, in the account that
 * `examples/setup` has set up, or on the local Fargate that AWS_ENDPOINT_URL names. STACK has the outputs of the set-up's stack.
 * The ID token is that of the job that runs this script. Two things in the example are replaced: its names, and the shop's
 * programs, which the set-up's image does not have. Each program becomes an `echo` of its arguments. Other people's actions are
 * the stand-ins of `local/actions`.
 */
async function main([name = ""]: readonly string[]): Promise<void> {
  const given = (pattern: RegExp): Record<string, string> =>
    Object.fromEntries(
      Object.entries(process.env).flatMap(([key, value = ""]) => (pattern.test(key) ? [[key, value]] : [])),
    );
  const outputs = JSON.parse(process.env["STACK"] ?? "{}") as Outputs;
  const result = await runExample(name, outputs, {
    env: given(/^AWS_ENDPOINT_URL$/),
    idTokenEnv: given(/^ACTIONS_ID_TOKEN_REQUEST_(URL|TOKEN)$/),
  });
  const missing = missingLines(name, result);
  console.log(readableLog(result));
  if (result.succeeded && missing.length === 0) return;
  console.log(`${name} failed. Lines that it did not print: ${JSON.stringify(missing)}`);
  process.exitCode = 1;
}

/** The outputs of the set-up's stack, by their names. */
export type Outputs = Readonly<Record<string, string>>;

interface Example {
  /** Lines that the steps have to print. */
  readonly lines: readonly string[];
  /** A reusable workflow that it calls. */
  readonly calls?: string;
  /** Whether the role needs `examples/deploy-policy.json`. */
  readonly deploys?: true;
}

/** The README's first workflow, and the examples that need no more than the set-up has. */
export const ON_AWS: Readonly<Record<string, Example>> = {
  "README.md": { lines: ["ok"] },
  "matrix.yml": { lines: ["north", "east", "south", "west"] },
  "nightly.yml": { lines: [] },
  "migrate-before-deploy.yml": { lines: ["migrate --no-input"], deploys: true },
  "smoke-test-after-deploy.yml": { lines: ["ok"], deploys: true },
  "deploy.yml": {
    lines: ["migrate --no-input", "check --deploy"],
    calls: "deploy-migrate-smoke.yml",
    deploys: true,
  },
};

/** The other examples, and what each needs that the set-up does not have. */
export const NOT_ON_AWS: Readonly<Record<string, string>> = {
  "behind-a-proxy.yml": "a runner of your own behind a proxy",
  "container-job.yml": "a container on the runner, where act runs jobs on the runner itself",
  "debug-shell.yml": "a task that stays, and costs, for 45 minutes",
  "deploy-with-verdict.yml": "a service whose deployments pause",
  "items.yml": "a cluster with the capacity provider FARGATE_SPOT, and an image with pytest",
  "items-jest.yml":
    "a cluster with the capacity provider FARGATE_SPOT, and an image with Jest and jest-junit",
  "one-task.yml": "a service whose image has the shop's programs in three steps of one job",
  "private-database.yml": "a database that the service's tasks reach, and its password",
  "private-registry.yml": "an image of a private registry, and the secret for it",
  "private-service.yml": "a service whose task has a server at port 8080, and python3",
  "ssh-server.yml": "a security group that lets port 2222 in, and an SSH client in the service's image",
  "tests.yml": "an image with pytest, jest and jest-junit",
};

/** Runs an example. Its names are replaced first as `names` says, then by the outputs of a set-up. */
export async function runExample(
  name: string,
  outputs: Outputs,
  runner: Pick<ActRequest, "env" | "idTokenEnv">,
  names: Readonly<Record<string, string>> = {},
): Promise<ActResult> {
  const example = ON_AWS[name];
  if (example === undefined)
    throw new Error(`${name} needs ${NOT_ON_AWS[name] ?? "to be one of examples/workflows"}.`);
  const fillIns = [...Object.entries(names), ...namesOf(outputs)];
  const filled = (text: string): string =>
    fillIns
      .reduce((so, [from, to]) => so.replaceAll(from, () => to), text)
      .replace(/\bpython (?:manage\.py|-m shop\.\w+)/g, "echo");
  const files = [name, ...(example.calls === undefined ? [] : [example.calls])].map(
    (file) => [`.github/workflows/${workflowName(file)}`, filled(textOf(file))] as const,
  );
  return await act({
    files: Object.fromEntries(files),
    workflow: files[0]?.[0] ?? "",
    event: "workflow_dispatch",
    ...(example.deploys === true ? { inputs: { "task-definition": outputs["TaskDefinition"] ?? "" } } : {}),
    secrets: { DATABASE_URL: "postgres://shop:secret@db/shop" },
    ...runner,
  });
}

/** The lines of `ON_AWS` that a run has not printed. */
export function missingLines(name: string, { output }: ActResult): readonly string[] {
  return (ON_AWS[name]?.lines ?? []).filter((line) => !output.includes(line));
}

/**
 * The messages of act's log. act masks secrets in its messages only. The other fields of its JSON have the role's keys, which must
 * not appear in the log of a job.
 */
export function readableLog({ log }: ActResult): string {
  const readable = (line: string): string =>
    line.startsWith("{") ? (JSON.parse(line) as { readonly msg: string }).msg.trimEnd() : line;
  return log.split("\n").map(readable).join("\n");
}

const workflowName = (file: string): string => (file.endsWith(".yml") ? basename(file) : "workflow.yml");
const textOf = (file: string): string =>
  file === "README.md"
    ? (workflowsOf(file)[0] ?? "")
    : readFileSync(`${import.meta.dirname}/../examples/workflows/${file}`, "utf8");

/** The names in the examples, each with what the set-up has for it. */
function namesOf(outputs: Outputs): readonly (readonly [string, string])[] {
  const output = (name: string): string => {
    const value = outputs[name];
    if (value === undefined) throw new Error(`STACK has no ${name}.`);
    return value;
  };
  return [
    ["arn:aws:iam::123456789012:role/deploy", output("RoleArn")],
    ["region: eu-west-1", `region: ${output("Region")}`],
    ["cluster: production", `cluster: ${output("Cluster")}`],
    ["--cluster production", `--cluster ${output("Cluster")}`],
    ["service: shop", `service: ${output("Service")}`],
    ["--service shop", `--service ${output("Service")}`],
    ["--services shop", `--services ${output("Service")}`],
    ["task-definition: shop-jobs", `task-definition: ${output("TaskDefinition")}`],
    ["subnet-0a1b2c3d, subnet-4e5f6a7b", output("Subnets")],
    // A task in a subnet of a default VPC reaches the internet only with a public address.
    ["sg-0a1b2c3d", `${output("SecurityGroup")}\n          assign-public-ip: true`],
    ["example-ci-staging", output("Bucket")],
  ];
}

if (process.argv[1] === import.meta.filename) await main(process.argv.slice(2));
