/** `npm run local [-- --podman]` starts the local Fargate. Prints the environment to export; ends with Ctrl-C. */
import { parseArgs } from "node:util";
import { visibleDelays } from "./settings.ts";
import { seed } from "./seed.ts";
import { startLocalFargate } from "./start.ts";

// Kept to the end: Ctrl-C reaches this process twice, from the terminal and from npm, which passes it on.
const ended = new Promise<void>((resolve) => {
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => resolve());
});

const { podman } = parseArgs({ options: { podman: { type: "boolean", default: false } } }).values;
const local = await startLocalFargate({
  delays: visibleDelays,
  runtime: podman ? "podman" : "own",
  log: (line) => console.error(`# ${line}`),
});
const made = await seed(local);

for (const [name, value] of Object.entries(local.env)) console.log(`export ${name}=${value}`);
console.log(`# clusters ${made.cluster} and ${made.loggedCluster} (sessions logged to ${made.logGroup})`);
console.log(`# cluster ${made.kmsCluster} (sessions encrypted with ${made.kmsKeyId})`);
console.log(`# service ${made.service} with one task of ${made.taskDefinition}; bucket ${made.bucket}`);
console.log(`# subnets ${made.subnets.join(",")}; security groups ${made.securityGroups.join(",")}`);
console.log("# try: .venv/bin/aws ecs list-tasks --cluster demo        end: Ctrl-C");

await ended;
await local.stop();
