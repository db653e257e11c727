/**
 * Proves the lists of `docs/requirements.md`, in two regions. Each way of use runs once in a network namespace without any other machine, against
 * the local Fargate under AWS's names, by TLS. A DNS server resolves only the names that the page lists for that way, and records the
 * names that are asked for. A step that needs another host fails. A listed host that the step does not ask for also fails the proof.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync, copyFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { runStep, type StepResult } from "../local/runner/step.ts";
import { seed, type SeedNames } from "../local/seed.ts";
import { type LocalFargate, startLocalFargate } from "../local/start.ts";
import { Names } from "./hosts/names.ts";
import { TlsFront } from "./hosts/tls.ts";

/** The variable with the region, which only a process inside the namespace has. */
const INSIDE = "FARGATE_EXEC_HOSTS_REGION";
const REGION = process.env[INSIDE] ?? "";
/** In the second region boto3 uses another host for S3. */
const REGIONS = ["eu-west-1", "us-east-1"];
const OF_BOTO3 = "`<bucket>.s3.amazonaws.com`";
const [, SERVER = "127.0.0.53"] = /^nameserver (\S+)$/m.exec(readFileSync("/etc/resolv.conf", "utf8")) ?? [];

/** A row of the page: a way of use, and the hosts that the runner and the container need for it. */
interface Way {
  readonly name: string;
  readonly runner: readonly string[];
  readonly container: readonly string[];
}

function waysOf(page: string): readonly Way[] {
  const [, table = ""] = page.split("\n## By way of use\n");
  const rows = [...table.matchAll(/^\| ([^|]+?) +\| ([^|]*?) *\| ([^|]*?) *\|$/gm)].slice(2);
  const hosts = (cell: string): readonly string[] =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, host = ""]) => host.replaceAll("<region>", REGION));
  const notes = page.split("\n").filter((line) => line.includes(`\`${REGION}\``) && line.includes(OF_BOTO3));
  const ofBoto3 = notes.length > 0 ? hosts(OF_BOTO3) : [];
  return rows.map(([, name = "", runner = "", container = ""]) => ({
    ...{ name, runner: hosts(runner) },
    container: container === "" ? [] : [...hosts(container), ...ofBoto3],
  }));
}

if (process.env[INSIDE] === undefined) {
  const script = `ip link set lo up && { ip addr add ${SERVER}/32 dev lo 2>/dev/null || true; } && exec "$0" "$1"`;
  const words = ["--net", "sh", "-c", script, process.execPath, import.meta.filename];
  for (const region of REGIONS) {
    console.log(`# ${region}`);
    const env = { ...process.env, [INSIDE]: region };
    const { status } = spawnSync("unshare", words, { stdio: "inherit", env });
    if (status !== 0) process.exitCode = 1;
  }
} else {
  process.exitCode = (await prove()) ? 0 : 1;
}

interface World {
  readonly local: LocalFargate;
  readonly made: SeedNames;
  readonly authority: string;
  readonly directory: string;
}

async function prove(): Promise<boolean> {
  const directory = mkdtempSync(join(tmpdir(), "hosts-"));
  const layer = join(directory, "layer");
  const certificates = "etc/ssl/certs/ca-certificates.crt";
  mkdirSync(join(layer, "etc/ssl/certs"), { recursive: true });
  writeFileSync(join(layer, certificates), "");
  const env = { AWS_CA_BUNDLE: `/${certificates}` };
  const local = await startLocalFargate({
    ...{ region: REGION, names: "aws" },
    // `python` is the seed's image, with boto3. `bare` has python3 without boto3.
    images: { python: { layer, env }, bare: { layer, env, own: "debian-python" } },
  });
  const tls = await TlsFront.start(directory, Number(new URL(local.url).port));
  copyFileSync(tls.authority, join(layer, certificates));
  let allowed: readonly string[] = [];
  const isAllowed = (name: string): boolean => allowed.some((host) => matches(host, name));
  const names = await Names.start(SERVER, isAllowed);
  try {
    const made = await seed(local);
    let holds = true;
    for (const way of waysOf(readFileSync("docs/requirements.md", "utf8"))) {
      allowed = [...way.runner, ...way.container];
      names.asked.clear();
      const from = local.requests.length;
      const result = await run({ local, made, authority: tls.authority, directory }, way.name);
      const asked = [...names.asked].filter((name) => name.includes(".")).sort();
      const more = asked.filter((name) => !isAllowed(name));
      const unused = way.runner.filter((host) => !asked.some((name) => matches(host, name)));
      // The bucket's host serves the runner and the container, so the container's calls are known by their clients.
      const fetched = local.requests
        .slice(from)
        .filter(({ service, agent }) => service === "s3" && /Boto3|aws-cli|curl|Wget|urllib/.test(agent));
      const wrong = fetched.length > 0 !== way.container.length > 0;
      const good = result.conclusion === "success" && more.length === 0 && unused.length === 0 && !wrong;
      console.log(`${good ? "ok    " : "FAILED"} ${way.name}: ${asked.join(", ")}`);
      if (more.length > 0) console.log(`         not on the page: ${more.join(", ")}`);
      if (unused.length > 0) console.log(`         on the page, but not asked for: ${unused.join(", ")}`);
      for (const { operation, agent } of fetched)
        console.log(`         the container: ${operation} by ${agent.split(" ")[0] ?? ""}`);
      if (wrong) console.log("         the container's hosts are not those of the page");
      if (result.conclusion !== "success") console.log(result.log.slice(-20).join("\n"));
      holds &&= good;
    }
    return holds;
  } finally {
    names.stop();
    tls.stop();
    await local.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Whether a host of the page matches a name. In a host, a word in angle brackets or a star stands for one label. */
function matches(host: string, name: string): boolean {
  const pattern = host.replaceAll(".", "\\.").replaceAll(/<[a-z-]+>|\*/g, "[^.]+");
  return new RegExp(`^${pattern}$`).test(name);
}

async function run(world: World, way: string): Promise<StepResult> {
  const { local, made, authority, directory } = world;
  const keys = Object.entries(local.env).filter(([name]) => name !== "AWS_ENDPOINT_URL");
  const idToken = local.idTokenEnv["ACTIONS_ID_TOKEN_REQUEST_URL"] ?? "";
  const github = new URL(idToken);
  const plain = { cluster: made.cluster, service: made.service, run: "echo hello" };
  const task = { "task-definition": made.taskDefinition, subnets: made.subnets.join(",") };
  const without = { cluster: made.cluster, run: plain.run };
  const inputs: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    "a script in a running task": plain,
    "with `bucket`": { ...plain, bucket: made.bucket },
    // The job lasts until the step has moved from the session to S3.
    "with `bucket` and a job that lasts": { ...plain, bucket: made.bucket, run: "echo hello; sleep 8" },
    "with `role-to-assume`": { ...plain, "role-to-assume": made.deployRole, region: REGION },
    "a task that the step starts": { ...without, ...task },
    "a task that the step starts, with a public address": { ...without, ...task, "assign-public-ip": "true" },
    "a task that the step starts, of an image in ECR": {
      ...{ ...without, ...task },
      image: `123456789012.dkr.ecr.${REGION}.amazonaws.com/python:1`,
    },
    "a cluster that encrypts its sessions": { ...without, ...task, cluster: made.kmsCluster },
    "with `logs: cloudwatch`": { ...without, ...task, cluster: made.loggedCluster, logs: "cloudwatch" },
    "with `logs: s3`": { ...without, ...task, cluster: made.loggedCluster, logs: "s3" },
    "with `check: true`": { ...plain, check: "true", bucket: made.bucket },
  };
  const given = inputs[way];
  if (given === undefined) throw new Error(`The page has a way that this proof does not know: ${way}`);
  const role = "role-to-assume" in given;
  return await runStep({
    actionDir: resolve(import.meta.dirname, ".."),
    workspace: directory,
    inputs: given,
    env: {
      ...(role ? {} : Object.fromEntries(keys)),
      NODE_EXTRA_CA_CERTS: authority,
      AWS_EC2_METADATA_DISABLED: "true",
      ...(role && {
        ...local.idTokenEnv,
        ACTIONS_ID_TOKEN_REQUEST_URL: `https://run.actions.githubusercontent.com${github.pathname}${github.search}`,
      }),
    },
  });
}
