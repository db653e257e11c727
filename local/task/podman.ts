import { spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { interpreterHome, virtualEnvironment } from "../python.ts";
import { homesElsewhere } from "./homes.ts";
import {
  waitForCommand,
  CommandRefused,
  exitOf,
  type IsolatedProcess,
  type IsolateOptions,
  bufferOutput,
  signalTo,
} from "./isolate.ts";

/** Gives podman a mount namespace of its own, so that its mounts end with it. */
const apart = ["unshare", "--mount"] as const;
/** Podman with runc, which Fargate also uses, and without systemd. */
const podman = ["podman", "--runtime", "runc", "--cgroup-manager", "cgroupfs"] as const;

const CAPABILITIES = [
  ...[
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
  ],
  ...["SETUID", "SYS_CHROOT"],
];

/** The limit for a container's start; a start takes far less. */
const TRIAL_MS = 20_000;

/**
 * The shell script that runs podman. The container is a child of conmon, so it would outlive this process. A background job of the
 * shell waits until descriptor 3 is closed, and then removes the container. The descriptor is closed when this process ends, even
 * when it is killed.
 */
const script = `name=$1
shift
(cat <&3; exec podman rm --force --time 0 "$name") >/dev/null 2>&1 &
exec "$@" 3<&-`;

/**
 * Starts a container like `isolate`, but by podman with runc, so that it has the capabilities, the seccomp filter and the masked
 * /proc of a container engine. Needs root.
 */
export async function isolateByPodman(options: IsolateOptions): Promise<IsolatedProcess> {
  const name = `fargate-local-${randomUUID()}`;
  const scratch = mkdtempSync(join(tmpdir(), "podman-"));
  const pidFile = join(scratch, "pid");
  const configuration = join(scratch, "containers.conf");
  writeFileSync(configuration, configurationOf(options));
  const run = [...podman, "run", "--name", name, "--rm", "--pidfile", pidFile];
  const [program, ...rest] = [...apart, "sh", "-c", script, "sh", name, ...run];
  const child = spawn(program, [...rest, ...flags(options), ...commandOf(options)], {
    // In a process group of its own, so that the terminal's Ctrl-C does not reach the containers.
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    env: { ...process.env, CONTAINERS_CONF: configuration },
  });
  const [, stdout, stderr, held] = child.stdio;
  if (!stdout || !stderr || !held) throw new Error("spawn gave no pipes");
  const exited = exitOf(child).finally(() => {
    held.destroy();
    rmSync(scratch, { recursive: true });
  });
  const output = { stdout: bufferOutput(stdout), stderr: bufferOutput(stderr) };
  const pid = await waitForPid(pidFile, exited);
  if (pid === undefined) throw refusal(await text(output.stderr));
  // Until then runc's own init waits in the container.
  await waitForCommand(pid, exited, "_LIBCONTAINER_");
  return { pid, ...output, signal: signalTo(pid), exited };
}

/** Why podman can't run a container on this machine; undefined when it can. */
export function whyNoPodman(): string | undefined {
  const trial = { command: ["true"], env: {}, workdir: "/", user: undefined } as const;
  const args = flags({ ...trial, hostname: "trial.example", ip: "127.0.0.1", init: undefined });
  const [program, ...rest] = [...apart, ...podman, "run", "--rm", ...args, ...trial.command];
  const { error, status, stderr } = spawnSync(program, rest, { encoding: "utf8", timeout: TRIAL_MS });
  return status === 0 ? undefined : (error?.message ?? stderr.trim());
}

/**
 * A file for podman with the container's variables (containers.conf(5)), since every user of the machine can read a program's
 * arguments. It replaces the machine's own file, so it also has the capabilities of Debian's.
 */
function configurationOf({ env }: Pick<IsolateOptions, "env">): string {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  return `[containers]\nenv = ${tomlOf(variables)}\ndefault_capabilities = ${tomlOf(CAPABILITIES)}\n`;
}

/** A list of texts as TOML. Its escapes are JSON's, but it also wants one for DEL. */
function tomlOf(texts: readonly string[]): string {
  return JSON.stringify(texts).replaceAll("\u007f", "\\u007f");
}

function flags({ env, workdir, user, hostname, ip, root, init }: IsolateOptions): string[] {
  // The variables that podman adds by itself.
  const unwanted = ["container", "HOSTNAME", "TERM"]
    .filter((name) => !(name in env))
    .map((name) => `--unsetenv=${name}`);
  const place = existsSync(join(root ?? "/", workdir)) ? [] : [workdir];
  // The homes of this machine may hold credentials, and other directories the data of its programs.
  const own =
    root === undefined ? ["/root", "/home", "/var/tmp", "/var/lib,tmpfs-mode=755", ...homesElsewhere()] : [];
  const fresh = ["/tmp", "/run", ...own, ...place].map(
    (path) => `--mount=type=tmpfs,notmpcopyup,destination=${path}`,
  );
  const shown = root === undefined ? [virtualEnvironment, interpreterHome()] : [];
  return [
    ...["--network=host", `--hostname=${hostname}`, `--add-host=${hostname}:${ip}`, "--http-proxy=false"],
    ...["--log-driver=none", `--workdir=${workdir}`],
    ...limits().map((limit) => `--ulimit=${limit}`),
    ...[...unwanted, ...fresh],
    ...shown.map((path) => `--volume=${path}:${path}:ro`),
    ...(init === undefined ? [] : [`--volume=${init}:/dev/init:ro`]),
    ...(user === undefined ? [] : [`--user=${user}`]),
    ...["--rootfs", `${root ?? "/"}:O`],
  ];
}

function commandOf({ command, init }: IsolateOptions): string[] {
  return [...(init === undefined ? [] : ["/dev/init", "--"]), ...command];
}

/** The limits of open files and processes. Inside another container, podman's own defaults are higher than the kernel allows. */
function limits(): readonly string[] {
  const files = /^Max open files +\S+ +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
  return [`nofile=1024:${Math.min(Number(files ?? 1024), 65_535)}`, "nproc=16384:16384"];
}

async function waitForPid(pidFile: string, exited: Promise<number>): Promise<number | undefined> {
  const end = exited.then(() => true);
  for (;;) {
    const pid = readPid(pidFile);
    if (pid !== undefined) return pid;
    if (await Promise.race([end, sleep(2, false)])) return undefined;
  }
}

function readPid(file: string): number | undefined {
  try {
    return Number(readFileSync(file, "utf8")) || undefined;
  } catch {
    return undefined; // not yet
  }
}

/** The error for a container that did not start: with the runtime's text for a fault of the command, else with podman's. */
function refusal(complaint: string): Error {
  const why = /exec: (.+?): OCI runtime/.exec(complaint) ?? /(unable to find user .+)/.exec(complaint);
  if (why?.[1] !== undefined) return new CommandRefused(why[1]);
  return new Error(`podman cannot run a container: ${complaint.trim()}`);
}
