/**
 * `npm run soak output`, or `node soak/output.ts [GB…]`: output that is larger than what the container may keep of it,
 * in lines and without a line's end, with python3 and with awk. Prints what each process had in memory at the most, and
 * fails where a byte is missing or memory grows. 2 GB and 1 GB unless given, and 10 GB once.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { actionDir, environment } from "../bench/environment.ts";
import { seed } from "../local/seed.ts";
import { startLocalFargate } from "../local/start.ts";

const MB = 1024 * 1024;
const LIMIT = 256 * MB;
const root = mkdtempSync(join(tmpdir(), "soak-"));

interface Case {
  readonly name: string;
  readonly image: "local/debian-python" | "local/busybox";
  readonly gigabytes: number;
  /** Whether the output has lines. */
  readonly lines: boolean;
}

const LINE = `${"a line of ninety-nine characters ".repeat(3)}\n`;

/** The same million bytes, so many times. */
const script = (bytes: number, lines: boolean): string => `
line='${LINE.trimEnd()} '
piece=$(i=0; while [ $i -lt 10000 ]; do echo "$line"; i=$((i + 1)); done)
i=0
while [ $i -lt ${bytes / 1_000_000} ]; do printf '%s\\n' "$piece"; i=$((i + 1)); done${lines ? "" : " | tr '\\n' '.'"}
echo`;

function status(pid: number, field: string): number {
  try {
    return (
      Number(
        new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ??
          0,
      ) / 1024
    );
  } catch {
    return 0;
  }
}

/** MiB of the largest process of each kind below the container. */
function look(most: Map<string, number>, runner: number, task: string): void {
  const note = (name: string, mib: number): void => void most.set(name, Math.max(most.get(name) ?? 0, mib));
  note("runner", status(runner, "VmRSS"));
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    let command = "";
    try {
      command = readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ");
    } catch {
      continue;
    }
    if (command.includes("recorder.")) note("recorder", status(Number(pid), "VmRSS"));
    else if (/^\S*sh -c .*fx_id=/s.test(command)) note("attacher", status(Number(pid), "VmRSS"));
  }
  const spool = readdirSync(task, { recursive: true }).filter((name) =>
    /fargate-exec[^/]*\/out\.\d+$/.test(String(name)),
  );
  let size = 0;
  for (const name of spool) {
    try {
      size += statSync(join(task, String(name))).size;
    } catch {
      // It was confirmed.
    }
  }
  note("spool", size / MB);
}

async function run({ name, image, gigabytes, lines }: Case): Promise<boolean> {
  const local = await startLocalFargate({ stopTimeout: 500 });
  try {
    const made = await seed(local);
    const bytes = gigabytes * 1_000_000_000;
    const inputs = {
      cluster: made.cluster,
      image,
      subnets: "subnet-0123456789abcdef0",
      "security-groups": "sg-0123456789abcdef0",
      run: script(bytes, lines),
      "spool-limit": `${LIMIT / MB} MB`,
      transport: "packed",
      timeout: "5h",
    };
    const began = Date.now();
    const child = spawn(process.execPath, [join(actionDir, "dist/index.js")], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...(await environment(root, inputs)), ...local.env },
    });
    const seen = createHash("sha256");
    let [size, notes] = [0, 0];
    let rest = "";
    child.stdout.on("data", (data: Buffer) => {
      const text = rest + data.toString("latin1");
      const end = lines ? text.lastIndexOf("\n") + 1 : text.length;
      rest = text.slice(end);
      for (const line of lines ? (text.slice(0, end).match(/[^\n]*\n/g) ?? []) : [text]) {
        if (/The job is (not )?held/.test(line)) notes += 1;
        const wanted = lines ? (line === `${LINE.trimEnd()} \n` ? line : "") : line;
        seen.update(wanted);
        size += wanted.length;
      }
    });
    const most = new Map<string, number>();
    const timer = setInterval(() => {
      for (const task of local.tasks) {
        const pid = task.containers[0]?.handle?.pid;
        if (pid !== undefined) look(most, child.pid ?? 0, `/proc/${pid}/root/tmp`);
      }
    }, 500);
    const [code] = (await once(child, "close")) as [number | null];
    clearInterval(timer);
    const seconds = (Date.now() - began) / 1000;
    const memory = [...most].map(([what, mib]) => `${what} ${mib.toFixed(0)}`).join(", ");
    const whole = lines ? size === bytes : size >= bytes;
    const flat =
      (most.get("runner") ?? 0) < 160 && (most.get("recorder") ?? 0) < 40 && (most.get("attacher") ?? 0) < 20;
    const bounded = (most.get("spool") ?? 0) < LIMIT / MB + 16;
    console.log(
      `${name}: ${size} bytes in ${seconds.toFixed(0)} s, exit code ${code}, told of being held ${notes} times; MiB at the most: ${memory}`,
    );
    return code === 0 && whole && flat && bounded;
  } finally {
    await local.stop();
  }
}

const [most = 2] = process.argv.slice(2).map(Number);
const cases: readonly Case[] = [
  { name: `${most} GB in lines, python3`, image: "local/debian-python", gigabytes: most, lines: true },
  {
    name: `${most / 2} GB without a line's end, python3`,
    image: "local/debian-python",
    gigabytes: most / 2,
    lines: false,
  },
  { name: `${most / 2} GB in lines, busybox`, image: "local/busybox", gigabytes: most / 2, lines: true },
];
try {
  for (const each of cases) if (!(await run(each))) process.exitCode = 1;
} finally {
  rmSync(root, { recursive: true });
}
