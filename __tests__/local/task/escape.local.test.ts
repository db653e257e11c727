import { execFile, spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  closeSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
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

const here = resolve(import.meta.dirname, "../../..");

/** A directory that containers must not see, since they have a `/var/tmp` of their own. */
const hidden = mkdtempSync("/var/tmp/of-this-machine-");
writeFileSync(join(hidden, "secret"), "");
afterAll(() => rmSync(hidden, { recursive: true }));

/**
 * A Python program that finds what leads out of a container: for each process that it sees, the program, the directories, the
 * descriptors and the mapped files. It prints those on a mount that the container lacks, where it can change a file's times.
 */
const links = `
import os, stat
own = {line.split()[0] for line in open("/proc/self/mountinfo")}
for process in (name for name in os.listdir("/proc") if name.isdigit()):
    paths = [f"/proc/{process}/{name}" for name in ("exe", "cwd", "root")]
    for directory in ("fd", "map_files"):
        try:
            paths += [f"/proc/{process}/{directory}/{name}" for name in os.listdir(f"/proc/{process}/{directory}")]
        except OSError:
            pass
    for path in paths:
        try:
            fd = os.open(path, os.O_PATH)
        except OSError:
            continue
        found = os.fstat(fd)
        mount = next(line.split()[1] for line in open(f"/proc/self/fdinfo/{fd}") if line.startswith("mnt_id:"))
        if mount not in own and not stat.S_ISFIFO(found.st_mode) and not stat.S_ISSOCK(found.st_mode):
            try:
                os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
                print("out by", path, os.readlink(path), flush=True)
            except OSError:
                pass
        os.close(fd)
`;

/** A script that mounts cgroups in namespaces of its own, and prints `out` when a test finds the machine's there. */
const inCgroups = (mount: string, test: string) =>
  `unshare --user --map-root-user --mount --cgroup sh -c 'mount -t ${mount} /mnt && ${test} && echo out'`;
// A process outside of the container's PID namespace has the number 0 in it (cgroups(7)).
const mountCgroups = inCgroups("cgroup2 cgroup2", "grep -qx 0 /mnt/cgroup.procs");

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
  ["mounts the machine's cgroups", mountCgroups],
  [
    "mounts the machine's older cgroups",
    inCgroups("cgroup -o freezer cgroup", "test ! -e /mnt/freezer.state"),
  ],
  [
    "changes the machine's devices",
    `for path in /dev/* /proc/*; do
      test -c $path && test "$(stat -c %d $path)" = ${statSync("/dev/null").dev} && chmod "$(stat -c %a $path)" $path && echo out
    done`,
  ],
  ["follows its processes' links", `python3 -c '${links}'`],
  ["loads a kernel module", "grep -q '^CapBnd:.*1f' /proc/self/status && echo out"],
];

/** Podman allows these, and gives each container a group of its own. */
const attacksByUserNamespaces: typeof attacks = [
  ["makes a user namespace", "unshare --user true && echo out"],
  [
    "makes a user namespace by clone3",
    `python3 -c '
import ctypes
print("out" if ctypes.CDLL(None).syscall(435, ctypes.byref((ctypes.c_uint64 * 8)(0x10000000)), 64) >= 0 else "", end="")'`,
  ],
];

const handle = {
  ...{ name: "app", runtimeId: "1", taskArn: "1", clusterName: "1" },
  ...{ env, workdir: "/" },
};

/** What a session prints is not kept, but the standard error of the agent's own commands is. */
const inSession = [
  "/bin/sh",
  "-c",
  `grep -lx ssm-session-wor /proc/[0-9]*/comm >/dev/null && echo seen >&2
  { python3 -c '${links}'; unshare --user echo out; ${mountCgroups}; } >&2 2>/dev/null`,
];

describe.each(runtimes)("root in a container by %s", (runtime) => {
  const start = (options: IsolateOptions) =>
    runtime === "own" ? isolate(options) : isolateByPodman(options);

  it.each(runtime === "own" ? [...attacks, ...attacksByUserNamespaces] : attacks)(
    "gets nowhere when it %s",
    async (_name, script) => {
      const { stdout, exited } = await start({
        ...box,
        command: ["/bin/sh", "-c", `{ ${script}; } 2>/dev/null`],
      });
      const said = await text(stdout);
      await exited;
      expect(said).toBe("");
    },
  );

  it("has no more rights by a session", async () => {
    const { pid, ...sleeping } = await start({ ...box, command: ["sleep", "60"] });
    const argv = [
      "/bin/sh",
      "-c",
      "umount /var/tmp || cat /proc/sys/kernel/core_pattern >/proc/sys/kernel/core_pattern",
    ];
    const { status } = await Pty.run({ ...handle, pid }, python, { argv, env });
    expect(status).not.toBe(0);
    sleeping.signal("SIGKILL");
    await sleeping.exited;
  });

  it("gets nowhere by a session, whose process of the machine it sees", async () => {
    const { pid, ...sleeping } = await start({ ...box, command: ["sleep", "60"] });
    try {
      expect((await Pty.run({ ...handle, pid }, python, { argv: inSession, env })).stderr).toBe("seen\n");
    } finally {
      sleeping.signal("SIGKILL");
      await sleeping.exited;
    }
  });

  it("gets nowhere by the process of a session, also in a user namespace where it may make one", async () => {
    const script = `until grep -qx ssm-session-wor /proc/[0-9]*/comm; do sleep 0.05; done; echo seen
      { python3 -c '${links}'; unshare --user --map-root-user python3 -c '${links}'; } 2>/dev/null`;
    const { pid, stdout, exited } = await start({ ...box, command: ["/bin/sh", "-c", script] });
    const session = Pty.run({ ...handle, pid }, python, { argv: ["sleep", "60"], env });
    const lost = expect(session).rejects.toThrow();
    expect(await text(stdout)).toBe("seen\n");
    await exited;
    await lost;
  });

  it("gets nowhere by a descriptor that the program which started the local Fargate has left open", async () => {
    const start = `
      import { text } from "node:stream/consumers";
      import { ${runtime === "own" ? "isolate" : "isolateByPodman"} as isolate } from "${here}/local/task/${runtime === "own" ? "isolate" : "podman"}.ts";
      import { Pty } from "${here}/local/agent/pty.ts";
      const box = ${JSON.stringify(box)};
      const { stdout, exited } = await isolate({ ...box, command: ["python3", "-c", process.env.LINKS] });
      console.log("container", await text(stdout), await exited);
      const sleeping = await isolate({ ...box, command: ["sleep", "60"] });
      const handle = { ...${JSON.stringify(handle)}, pid: sleeping.pid };
      const command = { argv: ["python3", "-c", process.env.LINKS], env: box.env, firstRead: 0 };
      let said = "";
      await new Promise((ended, lost) => {
        const output = (bytes) => void (said += bytes);
        Pty.start(handle, "${python}", command, { output, ended, signalled: lost, lost }).catch(lost);
      });
      console.log("session", said);
      sleeping.signal("SIGKILL");
      process.exit();
    `;
    // Node marks the descriptors up to 15 as its own.
    const descriptor = openSync(hidden, "r");
    const child = spawn(process.execPath, ["--input-type=module", "--eval", start], {
      stdio: ["ignore", "pipe", "inherit", ...Array<"ignore">(47).fill("ignore"), descriptor],
      env: { ...process.env, LINKS: links },
    });
    closeSync(descriptor);
    if (child.stdout === null) throw new Error("spawn gave no pipe");
    expect(await text(child.stdout)).toBe("container  0\nsession \n");
  });

  it("sees no home of this machine, wherever it is, but all else beside it", async () => {
    await withHomes(async ({ homes, mounts }) => {
      const start = `
        import { text } from "node:stream/consumers";
        import { ${runtime === "own" ? "isolate" : "isolateByPodman"} as isolate } from "${here}/local/task/${runtime === "own" ? "isolate" : "podman"}.ts";
        const { stdout, exited } = await isolate({ ...${JSON.stringify(box)}, command: ["/bin/sh", "-c", process.env.SCRIPT] });
        console.log(await text(stdout), await exited);
      `;
      const node = [process.execPath, "--input-type=module", "--eval", start];
      const { stdout } = await promisify(execFile)(
        "unshare",
        ["--mount", "sh", "-c", mounts, "sh", ...node],
        {
          env: { ...process.env, SCRIPT: `cd ${homes}; cat */*; stat -c %a .` },
        },
      );
      expect(stdout).toBe("beside\n711\n 0\n");
    });
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
    const more = [
      ["writes to the Python of its tests", `touch ${directory}/new && echo out`],
      ["writes to a directory with a mount below it", "touch /srv/new && echo out"],
      ["reads a home beside it", "umount /srv/home; cat /srv/home/*"],
    ] as const;
    const script = [...attacks, ...attacksByUserNamespaces, ...more].map(
      ([name, attack]) => `test -z "$(${attack})" || echo 'it ${name.replaceAll("'", "")}'`,
    );
    const start = `
      import { text } from "node:stream/consumers";
      import { isolate } from "${directory}/local/task/isolate.ts";
      import { Pty } from "${directory}/local/agent/pty.ts";
      const box = ${JSON.stringify(box)};
      const { stdout, exited } = await isolate({ ...box, command: ["/bin/sh", "-c", process.env.SCRIPT] });
      console.log(await text(stdout), await exited);
      const sleeping = await isolate({ ...box, command: ["sleep", "60"] });
      const handle = { ...${JSON.stringify(handle)}, pid: sleeping.pid };
      const command = { argv: ${JSON.stringify(inSession)}, env: box.env };
      console.log((await Pty.run(handle, "${directory}/bin/python3", command)).stderr);
      sleeping.signal("SIGKILL");
    `;
    const mounts = `mount -t tmpfs tmpfs /srv && mkdir /srv/below /srv/home && mount -t tmpfs tmpfs /srv/below &&
      echo out >/srv/home/secret && echo me:x:1001:1001::/srv/home:/bin/sh >/srv/passwd && mount --bind /srv/passwd /etc/passwd && exec "$@"`;
    const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    const node = [process.execPath, "--input-type=module", "--eval", start];
    const { stdout } = await promisify(execFile)(
      "unshare",
      ["--mount", "sh", "-c", mounts, "sh", ...nobody, ...node],
      {
        cwd: "/",
        env: {
          ...env,
          SCRIPT: `id -u; { ${script.join("\n")}\n} 2>/dev/null`,
          FARGATE_LOCAL_VENV: directory,
        },
      },
    );
    expect(stdout).toBe("0\n 0\nseen\n\n");
  } finally {
    rmSync(directory, { recursive: true });
  }
});

/**
 * A directory with homes of this machine and a directory beside them, and a shell script that runs a program where the accounts have these homes,
 * one of them by a link, and where accounts of the system have directories of the system.
 */
async function withHomes(use: (paths: { homes: string; mounts: string }) => Promise<void>): Promise<void> {
  const homes = mkdtempSync("/srv/homes-of-this-machine-");
  const accounts = mkdtempSync("/var/tmp/accounts-");
  try {
    chmodSync(homes, 0o711);
    for (const name of ["alice", "bob", "beside"]) {
      mkdirSync(join(homes, name));
      writeFileSync(join(homes, name, "about"), `${name}\n`);
    }
    symlinkSync(join(homes, "bob"), join(accounts, "link"));
    const lines = [
      ...["root:x:0:0::/root:", `daemon:x:2:2::${join(homes, "beside")}:`, "eve:x:1003:1003::/:"],
      ...[`alice:x:1001:1001::${join(homes, "alice")}:`, `bob:x:1002:1002::${join(accounts, "link")}:`],
    ];
    writeFileSync(join(accounts, "passwd"), lines.map((line) => `${line}/bin/sh\n`).join(""));
    await use({ homes, mounts: `mount --bind ${join(accounts, "passwd")} /etc/passwd && exec "$@"` });
  } finally {
    for (const directory of [homes, accounts]) rmSync(directory, { recursive: true });
  }
}

/** A directory with `isolate` and a Python that every user of this machine may read, also where this checkout is private. */
function copyForOthers(): string {
  const directory = mkdtempSync("/var/tmp/for-others-");
  chmodSync(directory, 0o755);
  for (const file of ["package.json", "local/python.ts", "local/task", "local/agent"]) {
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    cpSync(join(here, file), join(directory, file), { recursive: true });
  }
  mkdirSync(join(directory, "bin"));
  // A Python of that user's own is what a container's root may change.
  cpSync(realpathSync("/usr/bin/python3"), join(directory, "bin/python3"));
  for (const path of ["", "bin", "bin/python3"]) chownSync(join(directory, path), 65_534, 65_534);
  writeFileSync(join(directory, "pyvenv.cfg"), "home = /usr/bin\n");
  return directory;
}
