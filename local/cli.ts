/**
 * `npm run local [-- --podman] [-- --shop]` starts the local Fargate. With `--shop` its account has all that the README's
 * workflows and the examples name. Prints the environment to export; ends with Ctrl-C.
 */
import { parseArgs } from "node:util";
import { visibleDelays } from "./settings.ts";
import { seed } from "./seed.ts";
import { openShop, SHOP_IMAGES, SHOP_REGION } from "./shop/shop.ts";
import { type LocalFargate, startLocalFargate } from "./start.ts";

// Kept to the end: Ctrl-C reaches this process twice, from the terminal and from npm, which passes it on.
const ended = new Promise<void>((resolve) => {
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => resolve());
});

const { podman, shop } = parseArgs({
  options: { podman: { type: "boolean", default: false }, shop: { type: "boolean", default: false } },
}).values;
const local = await startLocalFargate({
  delays: visibleDelays,
  runtime: podman ? "podman" : "own",
  log: (line) => console.error(`# ${line}`),
  ...(shop ? { region: SHOP_REGION, images: SHOP_IMAGES } : {}),
});
const words = shop ? await furnishShop(local) : await furnishDemo(local);

for (const [name, value] of Object.entries({ ...local.env, ...local.idTokenEnv }))
  console.log(`export ${name}=${value}`);
for (const line of words) console.log(`# ${line}`);
console.log("# end: Ctrl-C");

await ended;
await local.stop();

/** What to say of what was made. */
async function furnishDemo(at: LocalFargate): Promise<readonly string[]> {
  const made = await seed(at);
  return [
    `clusters ${made.cluster} and ${made.loggedCluster} (sessions logged to ${made.logGroup})`,
    `cluster ${made.kmsCluster} (sessions encrypted with ${made.kmsKeyId})`,
    `service ${made.service} with one task of ${made.taskDefinition}; bucket ${made.bucket}`,
    `subnets ${made.subnets.join(",")}; security groups ${made.securityGroups.join(",")}`,
    "try: .venv/bin/aws ecs list-tasks --cluster demo",
  ];
}

async function furnishShop(at: LocalFargate): Promise<readonly string[]> {
  const fillIns = await openShop(at);
  return Object.entries(fillIns).map(([name, value]) => `for ${name} take ${value}`);
}
