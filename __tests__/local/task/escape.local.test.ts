import { execFile } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { Pty } from "../../../local/agent/pty.ts";
import { python } from "../../../local/python.ts";
import { asRoot, isolate, type IsolateOptions } from "../../../local/task/isolate.ts";
import { isolateByPodman } from "../../../local/task/podman.ts";
import { withNeed } from "../../helpers/needs.ts";
import { runtimes } from "../runtimes.ts";

const env = { PATH: "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin" };
const box = { env, workdir: "/", user: undefined, hostname: "box", ip: "127.16.9.9", init: undefined };

/** A directory that containers must not see, since they have a `/var/tmp` of their own. */
const hidden = mkdtempSync("/var/tmp/of-this-machine-");
writeFileSync(join(hidden, "secret"), "");
afterAll(() => rmSync(hidden, { recursive: true }));

/** Attempts of a container's root to leave it. Each prints `out` when it succeeds, and changes nothing on this machine. */
const attacks: readonly (readonly [string, string])[] = [
  [
    "writes to /proc/sys",
    "cat /proc/sys/kernel/core_pattern >/tmp/was; cat /tmp/was >/proc/sys/kernel/core_pattern && echo out",
  ],
  [
    "makes /proc/sys writable",
    "mount -o remount,bind,rw /proc/sys; umount /proc/sys; test -w /proc/sys/kernel/core_pattern && echo out",
  ],
  [
    "writes to a /proc of its own",
    `unshare --user --map-root-user --mount --pid --fork sh -c 'mount -t proc proc /mnt && test -w /mnt/sys/kernel/core_pattern && echo out'`,
  ],
  ["writes to /sys", "test -w /sys/kernel/mm && echo out"],
  [
    "writes to a /sys of its own",
    `unshare --user --map-root-user --mount --net sh -c 'mount -t sysfs sysfs /mnt && test -w /mnt/kernel/mm && echo out'`,
  ],
  ["unmounts what covers the machine's directories", `umount /var/tmp; test -e ${hidden} && echo out`],
  [
    "unmounts it in namespaces of its own",
    `unshare --user --map-root-user --mount sh -c 'umount /var/tmp; umount -l /var/tmp; test -e ${hidden} && echo out'`,
  ],
  ["makes a device", "mknod /srv/zero c 1 5; head -c 1 /srv/zero | grep -qa . && echo out"],
  ["mounts a file system", "mount -t tmpfs tmpfs /mnt && echo out"],
  [
    "reads the network",
    `python3 -c 'import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3)' && echo out`,
  ],
  ["loads a kernel module", "grep -q '^CapBnd:.*1f' /proc/self/status && echo out"],
];

describe.each(runtimes)("root in a container by %s", (runtime) => {
  const start = (options: IsolateOptions) =>
    runtime === "own" ? isolate(options) : isolateByPodman(options);

  it.each(attacks)("gets nowhere when it %s", async (_name, script) => {
    const { stdout, exited } = await start({
      ...box,
      command: ["/bin/sh", "-c", `{ ${script}; } 2>/dev/null`],
    });
    const said = await text(stdout);
    await exited;
    expect(said).toBe("");
  });

  it("has no more rights by a session", async () => {
    const { pid, ...sleeping } = await start({ ...box, command: ["sleep", "60"] });
    const handle = {
      ...{ name: "app", runtimeId: "1", taskArn: "1", clusterName: "1" },
      pid,
      env,
      workdir: "/",
    };
    const argv = [
      "/bin/sh",
      "-c",
      "umount /var/tmp || cat /proc/sys/kernel/core_pattern >/proc/sys/kernel/core_pattern",
    ];
    const { status } = await Pty.run(handle, python, { argv, env });
    expect(status).not.toBe(0);
    sleeping.signal("SIGKILL");
    await sleeping.exited;
  });

  it("shows its variables to no other user of the machine", async () => {
    const options = {
      ...box,
      env: { ...env, PASSWORD: "x7-of-the-task" },
      command: ["sleep", "60"],
    } as const;
    const sleeping = await start(options);
    const { stdout } = await promisify(execFile)("sh", ["-c", "cat /proc/[0-9]*/cmdline 2>/dev/null; :"]);
    sleeping.signal("SIGKILL");
    await sleeping.exited;
    // The arguments of a whole machine would be a long message.
    expect(stdout.includes("x7-of-the-task")).toBe(false);
  });
});

withNeed(
  it,
  "root",
  asRoot ? undefined : "these tests run as another user",
)("root in a container that another user started gets nowhere either", async () => {
  const directory = copyForOthers();
  try {
    const script = attacks.map(([name, attack]) => `test -z "$(${attack})" || echo "it ${name}"`);
    const start = `
      import { text } from "node:stream/consumers";
      import { isolate } from "${directory}/local/task/isolate.ts";
      const command = ["/bin/sh", "-c", process.env.SCRIPT];
      const { stdout, exited } = await isolate({ ...${JSON.stringify({ ...box })}, command });
      console.log(await text(stdout), await exited);
    `;
    const nobody = ["--reuid=65534", "--regid=65534", "--clear-groups"];
    const words = [...nobody, process.execPath, "--input-type=module", "--eval", start];
    const { stdout } = await promisify(execFile)("setpriv", words, {
      cwd: "/",
      env: { ...env, SCRIPT: `id -u; { ${script.join("\n")}\n} 2>/dev/null`, FARGATE_LOCAL_VENV: directory },
    });
    expect(stdout).toBe("0\n 0\n");
  } finally {
    rmSync(directory, { recursive: true });
  }
});

/** A directory with `isolate` and a Python that every user of this machine may read, also where this checkout is private. */
function copyForOthers(): string {
  const directory = mkdtempSync("/var/tmp/for-others-");
  chmodSync(directory, 0o755);
  const here = resolve(import.meta.dirname, "../../..");
  for (const file of ["package.json", "local/python.ts", "local/task/isolate.ts", "local/task/isolate.py"]) {
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    cpSync(join(here, file), join(directory, file));
  }
  mkdirSync(join(directory, "bin"));
  symlinkSync("/usr/bin/python3", join(directory, "bin/python3"));
  writeFileSync(join(directory, "pyvenv.cfg"), "home = /usr/bin\n");
  return directory;
}
