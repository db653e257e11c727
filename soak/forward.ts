/**
 * Proves `fargate-exec forward` with a real PostgreSQL (Debian's packages `postgresql` and `postgresql-contrib`). Its sessions are cut at
 * random moments, in each way that the local Fargate has. pgbench runs with 20 clients, 100 connections are opened one after the other and 50 at
 * once, and a dump of 50 MB goes each way with its checksum. Then the process is killed: its port is closed, and its session and relay end.
 * At last shells are cut and killed, one after the other. `SOAK_SECONDS` is how long pgbench runs, `SOAK_MB` how long the dump is, and `SOAK_SHELLS`
 * how many shells there are.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { chownSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { freePort } from "../local/free-port.ts";
import type { SessionOrder } from "../local/orders.ts";
import type { Task } from "../local/task/task.ts";
import { Aws, processes } from "../__tests__/helpers/local.ts";

const SECONDS = Number(process.env["SOAK_SECONDS"] ?? 60);
const MB = Number(process.env["SOAK_MB"] ?? 50);
const SHELLS = Number(process.env["SOAK_SHELLS"] ?? 4);
const CUT_EVERY_MS = 8_000;
/** Seconds in which 50 connections at once are answered, and milliseconds for `SELECT 1` beside a dump. */
const MOST = { burst: 2, beside: 200 };
/** Debian keeps the server's programs off the PATH. */
const VERSIONS = "/usr/lib/postgresql";
const BIN = join(VERSIONS, readdirSync(VERSIONS).sort((a, b) => Number(b) - Number(a))[0] ?? "", "bin");
const NOBODY = 65_534;

const faults: string[] = [];
const directory = mkdtempSync(join(tmpdir(), "soak-"));
const server = await startServer();
/** A service whose page says by which name it was asked. */
const shop = createServer((request, response) => {
  response.setHeader("content-type", "text/html").end(`<p>the shop as ${request.headers.host}</p>`);
}).listen(0, "127.0.0.1");
const aws = await Aws.start();
try {
  const task = await aws.runningTask();
  const forward = await startForward(task.id);
  try {
    await prove(forward.port);
    await browse(forward.shop);
  } finally {
    forward.child.kill("SIGKILL");
    await once(forward.child, "close");
  }
  await leavesNothing(forward.port, task);
  await killShells(task);
} finally {
  await aws.stop();
  shop.close();
  server.kill("SIGINT");
  await once(server, "close");
  rmSync(directory, { recursive: true });
}
for (const fault of faults) console.log(fault);
process.exitCode = faults.length === 0 ? 0 : 1;

/** A server with its data in the directory, for its own user. */
async function startServer(): Promise<ChildProcess> {
  chownSync(directory, NOBODY, NOBODY);
  const as = { uid: NOBODY, gid: NOBODY, cwd: directory } as const;
  const data = join(directory, "data");
  execFileSync(join(BIN, "initdb"), ["-D", data, "-U", "shop", "-A", "trust", "-N"], {
    ...as,
    stdio: "ignore",
  });
  const port = await freePort();
  const words = ["-D", data, "-p", String(port), "-h", "127.0.0.1", "-k", directory, "-c", "fsync=off"];
  const child = spawn(join(BIN, "postgres"), words, { ...as, stdio: "ignore" });
  process.env["PGPORT"] = String(port);
  for (let tries = 0; ; tries++) {
    try {
      psql(port, "SELECT 1");
      break;
    } catch (error) {
      if (tries === 100) throw error;
      await sleep(200);
    }
  }
  execFileSync(
    join(BIN, "pgbench"),
    ["-i", "-q", "-h", "127.0.0.1", "-p", String(port), "-U", "shop", "postgres"],
    { stdio: "ignore" },
  );
  psql(port, "CREATE TABLE dump (line text); CREATE TABLE back (line text)");
  psql(
    port,
    `INSERT INTO dump SELECT md5(i::text) || md5((i * 7)::text) || repeat('order ', 6) FROM generate_series(1, ${MB * 10_000}) AS i`,
  );
  return child;
}

function psql(port: number, sql: string): string {
  const words = ["-h", "127.0.0.1", "-p", String(port), "-U", "shop", "-d", "postgres", "-qAt", "-c", sql];
  return execFileSync(join(BIN, "psql"), words, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  }).trim();
}

/** Runs a program of PostgreSQL against this port. */
async function run(name: string, port: number, words: readonly string[], input?: Buffer): Promise<Buffer> {
  const all = ["-h", "127.0.0.1", "-p", String(port), "-U", "shop", ...words];
  const child = spawn(join(BIN, name), all, { stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const [out, said]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on("data", (bytes: Buffer) => out.push(bytes));
  child.stderr.on("data", (bytes: Buffer) => said.push(bytes));
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0)
    faults.push(
      `${name} ${words.join(" ")}: exit code ${code}: ${Buffer.concat(said).toString().slice(-500)}`,
    );
  return Buffer.concat(out);
}

interface RunningForward {
  readonly child: ChildProcess;
  readonly port: number;
  /** That of the service. */
  readonly shop: number;
}

/** A command line for this task, and the variables of its user. */
function commandLine(command: string, task: string) {
  const inputs = { task, cluster: aws.world.made.cluster };
  const env = { PATH: process.env["PATH"] ?? "", ...aws.world.local.env, ...aws.keysFor(inputs) };
  const options = Object.entries(inputs).map(([name, value]) => `--${name}=${value}`);
  const program = resolve(import.meta.dirname, "../src/doors/bin.ts");
  return { env, words: [process.execPath, program, command, ...options] };
}

async function startForward(task: string): Promise<RunningForward> {
  const { env, words } = commandLine("forward", task);
  const far = [process.env["PGPORT"], (shop.address() as AddressInfo).port];
  const [file = "", ...args] = [...words, ...far.flatMap((port) => ["-L", `:127.0.0.1:${port}`])];
  const child = spawn(file, args, { env, stdio: ["ignore", "inherit", "pipe"] });
  let said = "";
  child.stderr.on("data", (bytes: Buffer) => {
    said += bytes.toString();
    process.stderr.write(bytes);
  });
  for (let tries = 0; ; tries++) {
    const ports = [...said.matchAll(/127\.0\.0\.1:(\d+) leads/g)].map(([, port]) => Number(port));
    if (ports.length === far.length) return { child, port: ports[0] ?? 0, shop: ports[1] ?? 0 };
    if (tries === 600 || child.exitCode !== null) throw new Error(`there is no forward: ${said}`);
    await sleep(100);
  }
}

/** A browser of this machine reaches the service by its name, as docs/forward.md says (Debian's package `chromium`). */
async function browse(port: number): Promise<void> {
  const rules = `--host-resolver-rules=MAP shop.internal:80 127.0.0.1:${port}`;
  const words = ["--headless", "--no-sandbox", `--user-data-dir=${join(directory, "profile")}`, rules];
  // The local Fargate is in this process, so that has to go on meanwhile.
  const { stdout: page } = await promisify(execFile)("chromium", [
    ...words,
    ...["--dump-dom", "http://shop.internal/"],
  ]);
  console.log(`a browser sees: ${/<p>.*<\/p>/.exec(page)?.[0]}`);
  if (!page.includes("the shop as shop.internal")) faults.push(`a browser sees ${page}`);
}

async function timed<T>(what: () => Promise<T>): Promise<readonly [T, number]> {
  const began = performance.now();
  return [await what(), (performance.now() - began) / 1000];
}

async function prove(port: number): Promise<void> {
  const one = ["-d", "postgres", "-qAtc", "SELECT 1"];
  const [, burst] = await timed(() => Promise.all(Array.from({ length: 50 }, () => connectOnce(port))));
  const [, serial] = await timed(async () => {
    for (let i = 0; i < 100; i++) await connectOnce(port);
  });
  console.log(
    `50 connections at once: ${burst.toFixed(2)} s; 100 one after the other: ${serial.toFixed(2)} s`,
  );
  if (burst > MOST.burst) faults.push(`50 connections at once took ${burst} s, more than ${MOST.burst} s`);

  const [dump, down] = await timed(() =>
    beside(port, run("psql", port, ["-d", "postgres", "-qAtc", "COPY dump TO STDOUT"])),
  );
  checkSum("the dump from the server", dump, "dump");
  const [, up] = await timed(() =>
    run("psql", port, ["-d", "postgres", "-qc", "COPY back FROM STDIN"], dump),
  );
  checkSum("the dump to the server", dump, "back");
  const rate = (seconds: number): string => `${(dump.length / 1e6 / seconds).toFixed(2)} MB/s`;
  console.log(
    `${(dump.length / 1e6).toFixed(0)} MB of text: from the server ${rate(down)}, to it ${rate(up)}`,
  );

  const cutting = new AbortController();
  const cuts = cutAtRandom(cutting.signal);
  const words = ["-n", "-c", "20", "-j", "2", "-T", String(SECONDS), "postgres"];
  const bench = await run("pgbench", port, words);
  console.log(
    bench
      .toString()
      .match(/number of transactions.*|latency average.*|tps.*/g)
      ?.join("; ") ?? "no report",
  );
  const again = await run("psql", port, ["-d", "postgres", "-qAtc", "COPY dump TO STDOUT"]);
  checkSum("the dump while sessions were cut", again, "dump");
  const still = await run("psql", port, one);
  if (still.toString() !== "1\n") faults.push("nothing is answered after the cuts");
  cutting.abort();
  console.log(`${await cuts} cuts`);
}

/** The time of `SELECT 1` beside a dump, on a connection that is open. */
async function beside<T>(port: number, dump: Promise<T>): Promise<T> {
  const script = "\\timing on\n" + "SELECT 1;\n".repeat(20);
  await sleep(1_000);
  const said = (await run("psql", port, ["-d", "postgres", "-qAt"], Buffer.from(script))).toString();
  const times = [...said.matchAll(/Time: ([\d.]+) ms/g)].map(([, ms]) => Number(ms)).sort((a, b) => a - b);
  const [median = Infinity, worst] = [times[Math.floor(times.length / 2)], times.at(-1)];
  console.log(`SELECT 1 beside a dump: median ${median} ms, longest ${worst} ms of ${times.length}`);
  if (median > MOST.beside)
    faults.push(`SELECT 1 beside a dump took ${median} ms, more than ${MOST.beside} ms`);
  return await dump;
}

function checkSum(what: string, bytes: Buffer, table: string): void {
  const port = Number(process.env["PGPORT"]);
  const direct = execFileSync(
    join(BIN, "psql"),
    [
      "-h",
      "127.0.0.1",
      "-p",
      String(port),
      "-U",
      "shop",
      "-d",
      "postgres",
      "-qAtc",
      `COPY ${table} TO STDOUT`,
    ],
    { maxBuffer: 2 ** 30 },
  );
  const sum = (some: Buffer): string => createHash("sha256").update(some).digest("hex");
  if (sum(direct) !== sum(bytes))
    faults.push(`${what} has another checksum: ${bytes.length} bytes, not ${direct.length}`);
  else console.log(`${what}: ${bytes.length} bytes, the same checksum`);
}

/** The first message of PostgreSQL's protocol, and the first byte of its answer. */
async function connectOnce(port: number): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  const start = Buffer.from("\0\0\0\0\0\u0003\0\0user\0shop\0database\0postgres\0\0", "latin1");
  start.writeInt32BE(start.length, 0);
  socket.write(start);
  const [bytes] = (await once(socket, "data")) as [Buffer];
  if (bytes[0] !== 0x52) faults.push(`a connection got ${bytes.toString("latin1").slice(0, 80)}`);
  socket.destroy();
}

async function cutAtRandom(over: AbortSignal): Promise<number> {
  const kinds: readonly SessionOrder["do"][] = ["cut", "close"];
  for (let cuts = 0; ; cuts++) {
    const pause = (randomBytes(2).readUInt16BE(0) / 65_536) * 2 * CUT_EVERY_MS;
    if (!(await sleep(pause, true, { signal: over }).catch(() => false))) return cuts;
    const open = aws.world.local.gateway.sessions.findLast(({ ended }) => !ended);
    const how = kinds[cuts % kinds.length] ?? "cut";
    if (open !== undefined)
      await aws.world.local.inject({ session: { do: how, session: open.sessionId } }).catch(() => undefined);
  }
}

/** After SIGKILL of the forward. */
async function leavesNothing(port: number, task: Task): Promise<void> {
  const refused = new Promise((resolve) =>
    connect(port, "127.0.0.1")
      .once("error", resolve)
      .once("connect", () => resolve(undefined)),
  );
  if ((await refused) === undefined) faults.push("the port is open after SIGKILL");
  const { session, relay } = await untilGone(task);
  console.log(
    `after SIGKILL: port closed at once, session gone after ${session.toFixed(0)} s, relay after ${relay.toFixed(0)} s`,
  );
}

function isOpen(): boolean {
  return aws.world.local.gateway.sessions.some(({ ended }) => !ended);
}

/** Whether the program of a relay runs in the container. */
function hasRelay(task: Task): boolean {
  return processes(task).some(({ command }) => command.includes(" -ISc "));
}

/** Seconds until no session is open, and until there is no relay. */
async function untilGone(task: Task): Promise<{ readonly session: number; readonly relay: number }> {
  const began = performance.now();
  const seconds = (): number => (performance.now() - began) / 1000;
  while (isOpen() && seconds() < 90) await sleep(200);
  const session = seconds();
  while (hasRelay(task) && seconds() < 90) await sleep(200);
  if (session > 60) faults.push(`a session was there for ${session} s after SIGKILL`);
  if (hasRelay(task)) faults.push("a relay is still there");
  return { session, relay: seconds() };
}

/** Shells, each with a program of its own, are cut, go on, and are killed. Nothing of them is left in the container. */
async function killShells(task: Task): Promise<void> {
  for (let at = 0; at < SHELLS; at++) {
    const mark = `sleep 99${process.pid}${at}`;
    const { env, words } = commandLine("shell", task.id);
    const terminal = resolve(import.meta.dirname, "../__tests__/helpers/terminal.py");
    const all = ["-I", terminal, ...words, "--", "sh", "-c", `cat; exec ${mark}`];
    const child = spawn("python3", all, { env, stdio: ["pipe", "pipe", "inherit"] });
    let shown = "";
    child.stdout.on("data", (bytes: Buffer) => (shown += bytes.toString()));
    const sees = async (text: string): Promise<void> => {
      for (let tries = 0; !shown.includes(text); tries++) {
        if (tries === 600) throw new Error(`a shell does not show ${text}: ${shown}`);
        await sleep(100);
      }
    };
    await sees("~? says more.");
    child.stdin.write(`before ${at}\r`);
    await sees(`before ${at}\r\nbefore ${at}`);
    const session = aws.world.local.gateway.sessions.findLast(({ ended }) => !ended)?.sessionId ?? "";
    await aws.world.local.inject({ session: { do: at % 2 === 0 ? "cut" : "close", session } });
    child.stdin.write(`behind ${at}\r\x04`);
    await sees(`behind ${at}\r\nbehind ${at}`);
    const [program = 0] = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").split(" ");
    process.kill(Number(program), "SIGKILL");
    await once(child, "close");
    const { session: gone, relay } = await untilGone(task);
    const left = processes(task).filter(({ command }) => command === mark);
    for (const { pid } of left)
      faults.push(`process ${pid} of a shell that was killed is still there: ${mark}`);
    console.log(
      `shell ${at + 1} of ${SHELLS}: session gone ${gone.toFixed(0)} s after SIGKILL, relay ${relay.toFixed(0)} s, ${left.length} processes left`,
    );
  }
}
