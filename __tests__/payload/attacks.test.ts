import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { split } from "../../local/agent/shlex.ts";
import { asRoot } from "../../local/task/isolate.ts";
import { stopCommand } from "../../src/payload/stop.ts";
import { withNeed } from "../helpers/needs.ts";
import { pythonWith } from "../helpers/python-with.ts";
import { SharedContainer, startMany } from "../helpers/shared-container.ts";
import { CONTAINER_SHELLS, runShell, shareOf, SHELLS } from "../helpers/shells.ts";
import { everyNth } from "../helpers/every-nth.ts";
import { watch, WatchedJob } from "../helpers/watch.ts";
import { PYTHON } from "../helpers/tools.ts";

const PATIENCE = 300_000;
const shells = everyNth(CONTAINER_SHELLS, 4);
const asOthers = withNeed(it, "root", asRoot ? undefined : "only root has other users' processes");
const STICKY = ["/tmp", "/var/tmp"];
const EVERYWHERE = ["/var/lib", "/run", "/tmp", "/var/tmp"];
const RACES: readonly [string, readonly string[], readonly string[]][] = [
  ["when root alone may write to /var/lib and /run", [], STICKY],
  ["when every user may write to every directory", ["/var/lib", "/run"], EVERYWHERE],
];

describe.each(shells)(
  "another user's process that races for the job directory, in a container of %s,",
  (sh) => {
    asOthers.concurrent.each(shareOf(sh, shells, everyNth(RACES, 2, 1)))(
      "gets nothing run %s",
      async (_, open, places) => {
        const container = await SharedContainer.start(sh, open);
        try {
          await container.attack(places);
          // On a busy machine the other process may come too late for every one of six starts.
          for (let round = 0; round < 10 && container.planted === 0; round += 1)
            expect(await startMany(container, 6)).toEqual([]);
          expect(container.planted).toBeGreaterThan(0);
          expect(container.evidence).toBe("");
          expect(container.isAlive).toBe(true);
        } finally {
          await container.stop();
        }
      },
      PATIENCE,
    );

    asOthers.concurrent(
      "can't make the stop command signal the container's first process by pid files that name it",
      async () => {
        // Linux drops a signal from inside a container to a first process without a handler. This one ends with its child.
        const container = await SharedContainer.start(sh, [], undefined, { reaping: true });
        try {
          for (const place of ["/tmp", "/dev/shm"]) container.plant(`${place}/fargate-exec-0123456789ab`);
          const command = split(stopCommand("0123456789ab", { sessionEnded: true }))[2] ?? "";
          const [program, ...words] = [...container.enter, "/bin/sh", "-c", command];
          await once(spawn(program, words, { env: { PATH: "/usr/bin:/bin" } }), "close");
          expect(container.exists("/tmp/fargate-exec-0123456789ab/pid")).toBe(true);
          expect(container.evidence).toBe("");
          expect(container.isAlive).toBe(true);
        } finally {
          await container.stop();
        }
      },
      PATIENCE,
    );
  },
);

asOthers("a job directory that another user has made is passed over, and a note says so", async () => {
  const container = await SharedContainer.start("dash", ["/var/lib"]);
  const job = new WatchedJob({ within: container, sh: "/bin/sh", script: "exit 3" });
  const planted = `/var/lib/fargate-exec-${job.runId}`;
  try {
    container.plant(planted);
    await job.attach().closed;
    expect(job.status).toMatchObject({ workers: [{ exitCode: 3 }] });
    const notes = job.events.flatMap((event) => (event.kind === "note" ? [event.text] : []));
    expect(notes.join()).toContain(planted);
  } finally {
    await container.stop();
  }
});

describe("files in the directory in which the container's command begins", () => {
  const directory = mkdtempSync(join(tmpdir(), "workdir-"));
  const evidence = join(directory, "evidence");
  const bin = join(directory, "bin");
  beforeAll(() => {
    const module = `open(${JSON.stringify(evidence)}, "a").write(__name__ + "\\n")\n`;
    for (const name of ["boto3", "hashlib", "termios", "signal", "urllib", "fcntl", "ctypes", "select"])
      writeFileSync(join(directory, `${name}.py`), module);
    mkdirSync(bin);
    for (const name of [
      "python3",
      "stty",
      "ls",
      "id",
      "grep",
      "sed",
      "tr",
      "env",
      "setsid",
      "mkdir",
      "cat",
    ]) {
      writeFileSync(join(bin, name), `#!/bin/sh\necho ${name} >>${evidence}\nexit 1\n`);
      chmodSync(join(bin, name), 0o755);
    }
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  const S3 = { kind: "s3", bucket: "example-ci", key: "k", region: "eu-west-1" } as const;

  it.each(everyNth(SHELLS, 5))("are not imported by the action's Python code, under %s", async (sh) => {
    // Without stty, so that Python has to turn echo off, too.
    const tools = mkdtempSync(join(directory, "tools-"));
    const path = process.env["PATH"] ?? "/usr/bin:/bin";
    for (const name of "sh id ls grep tr sed head tail dd df cat mkdir rm mv sleep mkfifo date cut".split(
      " ",
    ))
      symlinkSync(
        execFileSync("which", [name], { env: { PATH: path } })
          .toString()
          .trim(),
        join(tools, name),
      );
    symlinkSync(PYTHON, join(tools, "python3"));
    const run = await watch({
      sh: withAbsolutePath(sh),
      cwd: directory,
      script: "exit 5",
      delivery: S3,
      containerEnv: { PATH: tools },
    });
    expect(run.status).toMatchObject({ workers: [{ exitCode: 5 }] });
    expect(existsSync(evidence)).toBe(false);
  });

  it.each(everyNth(SHELLS, 5, 3))(
    "are not run by the action through a relative or an empty entry of PATH, and the script's PATH stays as it is, under %s",
    async (sh) => {
      const PATH = `bin::.:./bin:${pythonWith("nothing", "", directory)}`;
      // The script uses builtins only: its own programs are looked for in those entries, as with any exec.
      const script = `printf %s "$PATH"; exit 6`;
      const run = await watch({
        sh: withAbsolutePath(sh),
        cwd: directory,
        script,
        shell: "/bin/sh -e {0}",
        delivery: S3,
        containerEnv: { PATH },
      });
      expect(run.status).toMatchObject({ workers: [{ exitCode: 6 }] });
      expect(run.stdout.toString()).toBe(PATH);
      expect(existsSync(evidence)).toBe(false);
    },
  );
});

describe("a directory of PATH that another user can put programs into", () => {
  const NAMES = "id ls grep mkdir cat rm sed tr env setsid python3 stty head tail sleep date awk curl".split(
    " ",
  );
  const program = "#!/bin/sh\n/usr/bin/id -u >>/tmp/evidence; chmod 666 /tmp/evidence\nexit 1\n";
  const BIN = "/tmp/go/bin";

  const DIRECTORIES = [
    ["that every user may write to, with the sticky bit", `chown 0:0 /tmp/go ${BIN}; chmod 1777 ${BIN}`],
    ["that every user may write to", `chown 0:0 /tmp/go ${BIN}; chmod 777 ${BIN}`],
    ["that a group may write to", `chown 0:0 /tmp/go; chown 0:1000 ${BIN}; chmod 775 ${BIN}`],
    ["in a directory of that user", `chown 0:0 ${BIN}; chmod 755 ${BIN}`],
    ["in a directory that every user may write to", `chown 0:0 /tmp/go ${BIN}; chmod 777 /tmp/go`],
  ].map(([what = "", setUp = ""]) => ({ what, setUp }));

  asOthers.concurrent.each(
    shells.flatMap((sh) =>
      shareOf(sh, shells, everyNth(DIRECTORIES, 4)).map((directory) => ({ sh, ...directory })),
    ),
  )(
    "is not searched by the action's code, and stays in the script's PATH: $what, under $sh",
    async ({ sh, setUp }) => {
      const container = await SharedContainer.start(sh);
      try {
        for (const name of NAMES) container.give(`${BIN}/${name}`, program);
        container.run(`chown 1000:1000 /tmp/go; ${setUp}`);
        const PATH = `${BIN}:/usr/bin:/bin`;
        const job = new WatchedJob({
          within: container,
          sh: "/bin/sh",
          containerEnv: { PATH },
          shell: "/bin/sh -e {0}",
          script: `printf %s "$PATH"; exit 6`,
        });
        await job.attach().closed;
        expect(job.status).toMatchObject({ workers: [{ exitCode: 6 }] });
        expect(job.output("stdout").toString()).toBe(PATH);
        expect(container.evidence).toBe("");
      } finally {
        await container.stop();
      }
    },
    PATIENCE,
  );
});

asOthers.each(shells)(
  "/var/lib is not used when it is a link through another user's directory, under %s",
  async (sh) => {
    const container = await SharedContainer.start(sh);
    try {
      container.run(
        "mount -t tmpfs -o mode=755 tmpfs /mnt; mkdir /mnt/lib; chown 1000:1000 /mnt; " +
          "mount -t tmpfs -o mode=755 tmpfs /var; ln -s /mnt/lib /var/lib",
      );
      const job = new WatchedJob({
        within: container,
        sh: "/bin/sh",
        containerEnv: { PATH: "/usr/bin:/bin" },
        script: "ls -a /mnt/lib; exit 3",
      });
      await job.attach().closed;
      expect(job.status).toMatchObject({ workers: [{ exitCode: 3 }] });
      expect(job.output("stdout").toString()).toBe(".\n..\n");
    } finally {
      await container.stop();
    }
  },
);

describe("the home directory of another user", () => {
  const HOME = "/tmp/home";
  const venv = fileURLToPath(new URL("../../.venv/bin", import.meta.url));
  const delivery = { kind: "s3", bucket: "example-ci", key: "k", region: "eu-west-1" } as const;
  const program = '#!/bin/sh\necho "$0: $(/usr/bin/id -u)" >>/tmp/evidence\nexit 1\n';
  const files = {
    evil: program,
    ".aws/config": `[default]\ncredential_process = ${HOME}/evil\n`,
    ".curlrc": "trace-ascii = /tmp/evidence\n",
    ".wgetrc": `use_askpass = ${HOME}/evil\noutput_document = /tmp/evidence\n`,
  };

  asOthers.each([
    ["boto3", `${realpathSync(venv)}:/usr/bin:/bin`],
    ["python3 and curl", "/usr/bin:/bin"],
  ])(
    "has no settings that take effect when the script is fetched by %s",
    async (_, PATH) => {
      const container = await SharedContainer.start("dash");
      try {
        for (const [name, content] of Object.entries(files)) container.give(`${HOME}/${name}`, content);
        const containerEnv = { PATH, HOME, AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://127.0.0.1:9/x" };
        const script = 'printf %s "$HOME"; exit 3';
        const address = "http://127.0.0.1:9/none";
        const job = new WatchedJob({
          within: container,
          sh: "/bin/sh",
          containerEnv,
          script,
          delivery,
          address,
        });
        await job.attach().closed;
        expect(job.status).toMatchObject({ workers: [{ exitCode: 3 }] });
        expect(job.output("stdout").toString()).toBe(HOME);
        expect(container.evidence).toBe("");
      } finally {
        await container.stop();
      }
    },
    PATIENCE,
  );
});

describe("a variable with the name of one of the action's own", () => {
  const taken = {
    fx_dir: "/tmp",
    fx_path: "/tmp",
    fx_search: "/tmp",
    fx_workdir: "/tmp",
    fx_way: "su",
    fx_by: "echo",
  };
  const harmless = "import os, sys; lead = lambda: 0; become = lambda words: os.execvp(words[0], words)";

  const VARIABLES: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ["an empty user", { fx_user: "", fx_as_uid: "0" }],
    ["another program for setsid", { fx_env: "/usr/bin/env", fx_setsid: "/usr/bin/true" }],
    ["no program but another one for setsid", { fx_env: "", fx_python3: "", fx_setsid: "/usr/bin/true" }],
    [
      "Python code of its own",
      { fx_env: "", fx_python: `${harmless}; print("evil", os.getuid(), flush=True)` },
    ],
    [
      "another program for the user",
      { fx_becomer: "/usr/bin/env", fx_way: "gosu", fx_home: "/", fx_exec: "x" },
    ],
    ["other directories and programs", taken],
  ];

  asOthers.concurrent.each(
    shells.flatMap((sh) =>
      shareOf(sh, shells, everyNth(VARIABLES, 4, 1)).map(([what, variables]) => ({ sh, what, variables })),
    ),
  )(
    "changes neither what is run nor as which user: $what, under $sh",
    async ({ sh, variables }) => {
      const container = await SharedContainer.start(sh);
      try {
        for (const how of ["env", "secrets"]) {
          const script = "id -u; exit 7";
          const job = new WatchedJob({
            within: container,
            sh: "/bin/sh",
            script,
            user: "1000",
            [how]: variables,
          });
          await job.attach().closed;
          expect(job.status).toMatchObject({ kind: "ended", workers: [{ exitCode: 7 }] });
          expect(job.output("stdout").toString()).toBe("1000\n");
        }
      } finally {
        await container.stop();
      }
    },
    PATIENCE,
  );
});

function withAbsolutePath(shell: string): string {
  const [program = "", ...words] = shell.split(" ");
  return [execFileSync("which", [program]).toString().trim(), ...words].join(" ");
}

describe("a name in 'env' or 'secrets' that the shell keeps to itself", () => {
  /** The names that this shell keeps, of all that any of the shells might keep. */
  const kept = (sh: string): string[] => {
    const names = "UID EUID PPID GID BASHOPTS SHELLOPTS BASH_VERSINFO".split(" ");
    return names.filter((name) => {
      try {
        return (
          !runShell(sh, `export ${name}=7; id -u; exec env`).toString().startsWith("0\n") ||
          !runShell(sh, `export ${name}=7; exec env`).toString().split("\n").includes(`${name}=7`)
        );
      } catch {
        return true;
      }
    });
  };

  it("is UID, EUID or PPID in bash, among others", () => {
    expect(kept("bash")).toEqual(expect.arrayContaining(["UID", "EUID", "PPID"]));
  });

  asOthers.concurrent.each(shells)(
    "is refused before anything starts, in a container of %s",
    async (sh) => {
      const container = await SharedContainer.start(sh);
      try {
        for (const [names, how] of [
          [["UID", "FREE"], "env"],
          [["EUID"], "secrets"],
        ] as const) {
          const given = Object.fromEntries(names.map((name) => [name, "4711"]));
          const job = new WatchedJob({
            within: container,
            sh: "/bin/sh",
            script: `echo "ran $${names[0]}"`,
            [how]: given,
          });
          await job.attach().closed;
          const shell = sh === "busybox" ? "busybox ash" : sh === "zsh" ? "zsh --emulate sh" : sh;
          if (kept(shell).includes(names[0])) {
            expect(job.status).toMatchObject({
              kind: "refused",
              code: "variable",
              text: expect.stringContaining(names[0]) as string,
            });
            expect(job.output("stdout").toString()).toBe("");
          } else expect(job.output("stdout").toString()).toMatch(/^ran (4711|\*{3})\n$/);
        }
      } finally {
        await container.stop();
      }
    },
    PATIENCE,
  );
});
