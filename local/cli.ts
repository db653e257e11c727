/**
 * `npm run local [-- --podman] [-- --shop] [-- COMMAND…]` starts the local Fargate. With `--shop` its account has everything that
 * the README's workflows and the examples name. Without a command it prints the environment to export, and ends on Ctrl-C. It prints no keys into
 * a file that other users can read. With a
 * command it runs the command in that environment, and ends with the command and its exit code.
 */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { parseArgs } from "node:util";
import { clientEnvironment } from "./client-environment.ts";
import { whyOthersRead } from "./private-output.ts";
import { visibleDelays } from "./settings.ts";
import { seed } from "./seed.ts";
import { type LocalFargate, startLocalFargate } from "./start.ts";

// The handlers stay to the end, since Ctrl-C reaches this process twice: from the terminal, and from npm.
const ended = new Promise<void>((resolve) => {
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => resolve());
});

const { values, positionals: command } = parseArgs({
  options: { podman: { type: "boolean", default: false }, shop: { type: "boolean", default: false } },
  allowPositionals: true,
});
const why = command.length === 0 ? whyOthersRead(process.stdout.fd) : undefined;
if (why !== undefined) {
  console.error(`npm run local does not start: ${why}. Remove the file, and run \`umask 077\` before.`);
  process.exit(1);
}
// Imported on demand, since the npm package does not have the shop's files.
const shop = values.shop ? await import("./shop/shop.ts") : undefined;
const local = await startLocalFargate({
  // With a command, the delays stay short and nothing is logged. Without one, a person watches both.
  ...(command.length === 0 && { delays: visibleDelays, log: (line: string) => console.error(`# ${line}`) }),
  runtime: values.podman ? "podman" : "own",
  ...(shop && { region: shop.SHOP_REGION, images: shop.SHOP_IMAGES }),
});
const variables = { ...local.env, ...local.idTokenEnv, FARGATE_LOCAL_TOKEN: local.controlToken };
/** The token comes by standard input, since every user of the machine can read a program's arguments. */
const CONTROL = [
  'sessions: echo "Authorization: Bearer $FARGATE_LOCAL_TOKEN" | curl -H @- "$AWS_ENDPOINT_URL/_local/sessions"',
  `a fault:  echo "Authorization: Bearer $FARGATE_LOCAL_TOKEN" | curl -H @- "$AWS_ENDPOINT_URL/_local/faults" -d '{"task": {"stopCode": "SpotInterruption"}}'`,
];
const words = shop ? describeFillIns(await shop.openShop(local)) : await furnishDemo(local);
if (command.length === 0) await showUntilEnded();
else process.exitCode = await runCommand(command);
await local.stop();

async function showUntilEnded(): Promise<void> {
  for (const [name, value] of Object.entries(variables)) console.log(`export ${name}=${value}`);
  for (const line of [...words, ...CONTROL]) console.log(`# ${line}`);
  console.log("# end: Ctrl-C");
  await ended;
}

/** Resolves with the command's exit code; after signal n with 128 + n, like a shell. */
async function runCommand([file = "", ...args]: readonly string[]): Promise<number> {
  const env = clientEnvironment(process.env, variables);
  const child = spawn(file, args, { env, stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
  return await new Promise((resolve) => {
    child.once("error", ({ message }) => {
      console.error(message);
      resolve(127);
    });
    child.once("close", (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
}

/** Creates the sample resources. Returns lines that describe them. */
async function furnishDemo(at: LocalFargate): Promise<readonly string[]> {
  const made = await seed(at);
  return [
    `clusters ${made.cluster} and ${made.loggedCluster} (sessions logged to ${made.logGroup})`,
    `cluster ${made.kmsCluster} (sessions encrypted with ${made.kmsKeyId})`,
    `service ${made.service} with one task of ${made.taskDefinition}; bucket ${made.bucket}`,
    `subnets ${made.subnets.join(",")}; security groups ${made.securityGroups.join(",")}`,
    "try: aws ecs list-tasks --cluster demo",
  ];
}

function describeFillIns(fillIns: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(fillIns).map(([name, value]) => `for ${name} take ${value}`);
}
