/**
 * `npm run newcomer`: acts as a newcomer who has only the public files. It clones the commit into an empty directory, starts
 * the local Fargate as its README says, deploys the set-up by the commands of its page, and runs the README's first workflow by act with
 * the names filled in. That has to succeed within five minutes of the clone. Then it runs the demo, and each other workflow of the README
 * and of `examples/workflows` against the account that they name. The clone's emulated runner runs the workflows that act can't run. Besides
 * soak/newcomer/, this script imports only a proxy from the repository.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { Proxy } from "../__tests__/helpers/proxy.ts";
import { runWorkflow, type RunResult } from "./newcomer/engine.ts";
import { type Endpoint, Machine } from "./newcomer/machine.ts";
import { BY_EMULATED_RUNNER, OF_EXAMPLES, OF_README, type WorkflowPromise } from "./newcomer/promises.ts";

const MINUTES_TO_GREEN = 5;
const repository = resolve(import.meta.dirname, "..");
const root = mkdtempSync(join(tmpdir(), "newcomer-"));
const machine = new Machine(root, repository);
const clone = join(root, "fargate-exec");
const began = Date.now();
let failures = 0;

const read = (path: string): string => readFileSync(join(clone, path), "utf8");
const blocks = (path: string, language: string): readonly string[] =>
  [...read(path).matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, "gm"))].map(
    ([, text = ""]) => text,
  );
const fillIn = (text: string, names: readonly (readonly [string, string])[]): string =>
  names.reduce((so, [name, value]) => so.replaceAll(name, value), text);

function say(what: string): void {
  console.log(`${((Date.now() - began) / 1000).toFixed(0).padStart(4)} s  ${what}`);
}

function verdict(what: string, flaws: readonly string[], log = ""): void {
  say(
    `${flaws.length === 0 ? "ok    " : "FAILED"} ${what}${flaws.map((flaw) => `\n          ${flaw}`).join("")}`,
  );
  if (flaws.length === 0) return;
  failures += 1;
  console.log(log.split("\n").slice(-60).join("\n"));
}

/** How a run differs from its workflow's promise. */
function flawsOf(
  { fails, steps, output, annotations = [], summary = /succeeded/, artifact }: WorkflowPromise,
  shown: RunResult,
): string[] {
  const has = (wanted: string | RegExp): boolean =>
    shown.output.some((line) => (typeof wanted === "string" ? line === wanted : wanted.test(line)));
  const outcomes = shown.outputs.flatMap((line) => /\.outcome=(.*)$/.exec(line)?.[1] ?? []);
  const codes = shown.outputs.flatMap((line) => /\.exit-code=(.*)$/.exec(line)?.[1] ?? []);
  const summaries = shown.summaries.filter((text) => text.includes("fargate-exec"));
  return [
    ...(shown.succeeded === (fails !== true) ? [] : [`it ${shown.succeeded ? "succeeded" : "failed"}`]),
    ...output.filter((wanted) => !has(wanted)).map((wanted) => `no line ${String(wanted)}`),
    ...(outcomes.length === steps
      ? []
      : [`${outcomes.length} outcomes of ${steps} steps: ${outcomes.join()}`]),
    ...(codes.every((code) => (code === "0") === (fails !== true)) ? [] : [`exit codes ${codes.join()}`]),
    ...annotations
      .filter((wanted) => !shown.annotations.some((line) => wanted.test(line)))
      .map((wanted) => `no annotation ${String(wanted)} among ${JSON.stringify(shown.annotations)}`),
    ...(annotations.length > 0 ? [] : shown.annotations.map((line) => `an annotation: ${line}`)),
    ...(summaries.length === steps && summaries.every((text) => summary.test(text))
      ? []
      : [`${summaries.length} summaries of ${steps} steps: ${JSON.stringify(summaries)}`]),
    ...(artifact === undefined || isKept(artifact, shown)
      ? []
      : [`no artifact ${artifact.name} as promised: ${JSON.stringify(shown.artifacts)}`]),
  ];
}

function isKept(
  { name, file, text, retentionDays }: NonNullable<WorkflowPromise["artifact"]>,
  { artifacts }: RunResult,
): boolean {
  const kept = artifacts[name];
  const content = Buffer.from(kept?.files[file] ?? "", "base64").toString();
  return kept?.retentionDays === retentionDays && text.test(content);
}

/** Runs the demo of the README. */
function runDemo(): void {
  try {
    machine.run(clone, "npm run demo 2>&1");
    verdict("npm run demo", []);
  } catch (error) {
    verdict("npm run demo", ["it failed"], String(error));
  }
}

/** The environment of a runner without keys, whose workflows may ask for ID tokens. */
const runnerOf = ({ exported }: Endpoint): Record<string, string> =>
  Object.fromEntries(Object.entries(exported).filter(([name]) => /^(AWS_ENDPOINT_URL|ACTIONS_)/.test(name)));

/** Deploys the set-up by its page. Returns the inputs that it prints, by their names. */
function deploy(endpoint: Endpoint, port: string): ReadonlyMap<string, string> {
  const [page = ""] = blocks("examples/setup/README.md", "bash");
  const provider = "oidc-provider/token.actions.githubusercontent.com";
  const commands = fillIn(page, [
    // The page also says how to do it without gh. The local account already has an identity provider.
    [
      page.split("\n").find((line) => line.includes("gh api")) ?? "",
      "OWNER_ID=1234567 REPOSITORY_ID=89012345",
    ],
    ['"VpcId=$VPC"', `"VpcId=$VPC" "Port=${port}" "OidcProviderArn=arn:aws:iam::123456789012:${provider}"`],
  ]);
  const path = [join(clone, ".venv/bin"), machine.env["PATH"]].join(delimiter);
  const printed = machine.run(clone, commands, { ...endpoint.exported, PATH: path });
  return new Map(
    printed.split("\n").map((line): [string, string] => {
      const [name = "", value = ""] = line.split("\t");
      return [name, value];
    }),
  );
}

/** A port for the service, since a container of the local Fargate has the host's network. */
async function freePort(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return String(port);
}

async function runFirstWorkflow(): Promise<void> {
  const endpoint = await machine.start(clone);
  say("npm run local has made its .venv and listens");
  try {
    const port = await freePort();
    const made = deploy(endpoint, port);
    say(`the set-up is deployed: ${made.get("role-to-assume") ?? "no role"}`);
    const text = fillIn(blocks("README.md", "yaml").find((block) => block.includes("\njobs:\n")) ?? "", [
      ["arn:aws:iam::123456789012:role/deploy", made.get("role-to-assume") ?? ""],
      ["region: eu-west-1", `region: ${made.get("region") ?? ""}`],
      ["cluster: production", `cluster: ${made.get("cluster") ?? ""}`],
      ["service: shop", `service: ${made.get("service") ?? ""}`],
      ["localhost:8080", `localhost:${port}`],
    ]);
    const files = { ".github/workflows/workflow.yml": text };
    const shown = await runWorkflow(
      machine,
      { clone, action: join(root, "action") },
      {
        files,
        event: "workflow_dispatch",
        env: runnerOf(endpoint),
      },
    );
    const minutes = (Date.now() - began) / 60_000;
    const late = minutes > MINUTES_TO_GREEN ? [`it took ${minutes.toFixed(1)} minutes`] : [];
    verdict(
      "the README's first workflow",
      [...flawsOf({ steps: 1, output: ["ok"] }, shown), ...late],
      shown.log,
    );
  } finally {
    const code = await endpoint.stop();
    verdict("Ctrl-C ends npm run local", code === 0 ? [] : [`exit code ${code}`]);
  }
}

/** Runs an example by a test of the clone. When this machine lacks what the test needs, this prints a line and is not a failure. */
function runByTest(path: string, test: string): void {
  const what = `${path}, by its test`;
  try {
    const log = machine.run(clone, `npm test -- ${test} 2>&1`);
    const [, why] = /^SKIPPED, tests that need .*?: (.*)$/m.exec(log) ?? [];
    if (why === undefined) verdict(what, []);
    else say(`not run: ${path}. its test needs more: ${why}`);
  } catch (error) {
    verdict(what, ["its test failed"], String(error));
  }
}

/** The deployment configuration in the first command of a page. */
function pauseOf(page: string): string {
  const [command = ""] = blocks(page, "bash");
  return (
    /^aws ecs update-service --cluster production --service shop --deployment-configuration '(.*)'\n$/s.exec(
      command,
    )?.[1] ?? ""
  );
}

/** Configures the service's deployments by the clone's SDK, since the AWS CLI in its .venv is older than pause hooks. */
function configureDeployments(configuration: string, { exported }: Endpoint): void {
  const program = `
    import { ECSClient, UpdateServiceCommand } from "@aws-sdk/client-ecs";
    const names = { cluster: "production", service: "shop" };
    const deploymentConfiguration = JSON.parse(process.env.CONFIGURATION);
    await new ECSClient({}).send(new UpdateServiceCommand({ ...names, deploymentConfiguration }));`;
  machine.run(clone, 'node --input-type=module -e "$PROGRAM"', {
    ...exported,
    PROGRAM: program,
    CONFIGURATION: configuration,
  });
}

async function runLaterWorkflows(): Promise<void> {
  const endpoint = await machine.start(clone, "--shop");
  const proxy = await Proxy.start();
  say("npm run local -- --shop listens");
  const names = endpoint.words.flatMap((line) => {
    const [, name = "", value = ""] = /^# for (\S+) take (\S+)$/.exec(line) ?? [];
    return name === "" ? [] : [[name, value] as const];
  });
  const fillIns = [...names, ["http://proxy.example.internal:3128", proxy.url()] as const];
  const run = async (what: string, path: string, text: string, promised: WorkflowPromise): Promise<void> => {
    const { event = "workflow_dispatch", inputs = {}, secrets = {}, files = {}, page } = promised;
    if (page !== undefined) configureDeployments(pauseOf(page), endpoint);
    const others = Object.entries(files).map(([at, from]) => [at, fillIn(read(from), fillIns)] as const);
    const shown = await runWorkflow(
      machine,
      { clone, action: join(root, "action") },
      {
        files: { [path]: fillIn(text, fillIns), ...Object.fromEntries(others) },
        ...{ event, inputs, secrets, env: runnerOf(endpoint) },
      },
    );
    verdict(what, flawsOf(promised, shown), shown.log);
    if (page !== undefined) configureDeployments('{"lifecycleHooks": []}', endpoint);
  };
  try {
    for (const text of blocks("README.md", "yaml").filter((block) => block.includes("\njobs:\n"))) {
      const name = /^name: (.*)$/m.exec(text)?.[1] ?? "";
      const promised = OF_README[name];
      if (promised === undefined) verdict(`README: ${name}`, ["nothing is known of it"]);
      else await run(`README: ${name}`, ".github/workflows/workflow.yml", text, promised);
    }
    const called = Object.values(OF_EXAMPLES).flatMap(({ files = {} }) => Object.values(files));
    for (const file of readdirSync(join(clone, "examples/workflows"))) {
      const path = `examples/workflows/${file}`;
      const promised = OF_EXAMPLES[file];
      if (promised !== undefined) await run(path, `.github/workflows/${file}`, read(path), promised);
      else if (BY_EMULATED_RUNNER[file] !== undefined) runByTest(path, BY_EMULATED_RUNNER[file]);
      else if (!called.includes(path)) verdict(path, ["nothing is known of it"]);
    }
  } finally {
    await proxy.stop();
    await endpoint.stop();
  }
}

try {
  machine.run(root, `git clone --quiet --no-local "${repository}" "${clone}"`);
  machine.run(clone, "npm ci --no-audit --no-fund");
  // The action as a runner downloads it: only the files of the commit. act copies this directory for each job.
  machine.run(root, `git clone --quiet --no-local "${clone}" "${join(root, "action")}"`);
  say("git clone and npm ci");
  await runFirstWorkflow();
  runDemo();
  await runLaterWorkflows();
  say(failures === 0 ? "all of it works for a newcomer" : `${failures} failed`);
  process.exitCode = failures === 0 ? 0 : 1;
} finally {
  // This takes a minute on a busy machine.
  rmSync(root, { recursive: true, force: true });
}
