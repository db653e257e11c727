import { once } from "node:events";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { asRoot } from "../../local/task/isolate.ts";
import { everyNth } from "../helpers/every-nth.ts";
import { withNeed } from "../helpers/needs.ts";
import { SharedContainer } from "../helpers/shared-container.ts";
import { placePy } from "../../src/payload/container-source.ts";
import { CONTAINER_SHELLS, shareOf } from "../helpers/shells.ts";
import { watch, type WatchedRun, type WatchOptions } from "../helpers/watch.ts";
import { listTree, packLines, type Tree, withTree } from "./files/trees.ts";

const describeRoot = withNeed(describe, "root", asRoot ? undefined : "only root places files for others");
const PATIENCE = 300_000;

const TREE: Tree = {
  "app/run me.sh": { bytes: "#!/bin/sh\necho ran\n", mode: 0o755, modified: 1_500_000_000 },
  "app/.dot": { bytes: Buffer.from([0, 255, 10]), mode: 0o600, modified: 1_400_000_000 },
  "app/-dash\né'\"": { bytes: "", mode: 0o444, modified: 1_300_000_000 },
  "app/empty/": { mode: 0o700, modified: 1_200_000_000 },
  "app/sub/link": { target: "../run me.sh", modified: 1_100_000_000 },
  "app/sub/file": { bytes: "file", modified: 1_100_000_000 },
  "app/sub/": { mode: 0o711, modified: 1_000_000_000 },
};
const SMALL: Tree = { "app/sub/file": { bytes: "new" }, "app/top": { bytes: "new" } };

/** The ways in which an image can unpack, each with the command that leaves only this one. */
const PYTHON = ["python3", ":"] as const;
const TARS = [
  ["GNU tar", "rm -f /usr/bin/python3*"],
  ["busybox's tar", "rm -f /usr/bin/python3* /usr/bin/tar; ln -s /usr/bin/busybox /usr/bin/tar"],
] as const;

type BringOptions = Omit<WatchOptions, "within" | "files" | "script"> & {
  readonly lines: readonly string[];
  readonly script?: string;
};

/** Runs a job with these lines as its input 'files', in a workspace with this tree. */
async function bring(
  container: SharedContainer,
  tree: Tree,
  { lines, script = "true", ...options }: BringOptions,
): Promise<WatchedRun> {
  return await withTree(tree, async (workspace) => {
    const files = await packLines(workspace, lines);
    const run = { within: container, sh: "/bin/sh", containerEnv: { PATH: "/usr/bin:/bin" } };
    return await watch({ ...run, ...options, files, script });
  });
}

/** Each way with each user. Every second row has each way, and its users in turn. */
function withUsers(
  ways: readonly (readonly [way: string, setUp: string])[],
  users: readonly [string, string],
): (readonly [way: string, user: string, setUp: string])[] {
  return ways.flatMap(([way, setUp], at) =>
    (at % 2 === 0 ? users : users.toReversed()).map((user) => [way, user, setUp] as const),
  );
}

/** Why the job was refused; else how it ended, and the script's output. */
function endOf({ status, stdout }: WatchedRun): string {
  return status?.kind === "refused"
    ? `${status.code}: ${status.text}`
    : `${status?.kind}: ${stdout.toString()}`;
}

async function inContainer<T>(sh: string, use: (container: SharedContainer) => Promise<T>): Promise<T> {
  const container = await SharedContainer.start(sh);
  try {
    return await use(container);
  } finally {
    await container.stop();
  }
}

/**
 * Python code in front of a program of root, in which another user wins each race. Whenever the program has made a directory, that
 * user exchanges it for `private`, or a temporary one for `forTemporary`, as far as the kernel allows it.
 */
const exchangeMade = (forTemporary: string): string => `
import ctypes, os
make = os.mkdir
held = {False: b"private", True: b"${forTemporary}"}
def make_and_lose(name, mode=0o777, dir_fd=None):
    make(name, mode, dir_fd=dir_fd)
    other = held[name.startswith(b".")]
    child = os.fork()
    if child == 0:
        os.setgroups([]); os.setresgid(1000, 1000, 1000); os.setresuid(1000, 1000, 1000)
        os._exit(-ctypes.CDLL(None).renameat2(dir_fd, name, dir_fd, other, 2))
    if os.waitpid(child, 0)[1] == 0:
        print("exchanged", flush=True)
os.mkdir = make_and_lose
`;

describeRoot.each(CONTAINER_SHELLS)("files in a container of %s", (sh) => {
  it.concurrent.each([...(sh === "bash" ? [PYTHON] : []), ...shareOf(sh, CONTAINER_SHELLS, TARS)])(
    "are at their destinations before the script starts, unchanged, and belong to its user: %s",
    async (way, setUp) => {
      await inContainer(sh, async (container) => {
        container.run(`mkdir -p /srv/app; chmod 755 /srv /srv/app; ${setUp}`);
        const script = "./'run me.sh'; find . /opt/made -mindepth 1 ! -user nobody; id -un";
        const lines = [
          "app=.",
          "app/.dot=.",
          "app/.dot=/opt/made/dot",
          "app/sub/file=/opt/made/here/renamed",
        ];
        const as = { workingDirectory: "/srv/app", user: "nobody" };
        const run = await bring(container, TREE, { lines, script, ...as, shell: "sh -e {0}" });
        expect(endOf(run)).toBe("ended: ran\nnobody\n");
        expect(container.read("/opt/made/here/renamed")).toBe("file");
        // The working directory was there before.
        const below = (root: string): readonly string[] =>
          listTree(root).filter((line) => !line.startsWith("\t"));
        const placed = below(`${container.root}/srv/app`);
        // Busybox's tar sets no time of a link. It makes links that lead upwards last, which changes the time of their directory.
        const compared = (lines: readonly string[]): readonly string[] =>
          way === "busybox's tar" ? lines.map((line) => line.replace(/\t(l\t777|d\t711)\t\d+/, "")) : lines;
        const sent = await withTree(TREE, (root) => Promise.resolve(below(`${root}/app`)));
        expect(compared(placed)).toEqual(compared(sent));
      });
    },
    PATIENCE,
  );
});

describeRoot("files", () => {
  it.concurrent.each(everyNth([PYTHON, TARS[0]], 2))(
    "replace files and links, and leave the directories that are there as they are: %s",
    async (_, setUp) => {
      await inContainer("dash", async (container) => {
        container.run(
          `mkdir -p /opt/v1/app/sub; chmod 700 /opt/v1/app/sub; ln -s v1 /opt/current; echo old >/opt/old; ln -s /opt/old /opt/v1/app/top; echo old >/opt/v1/app/sub/file; ${setUp}`,
        );
        const run = await bring(container, SMALL, {
          lines: ["app=/opt/current/app"],
          script: "ls -ld /opt/v1/app/sub",
        });
        expect(endOf(run)).toMatch(/^ended: drwx------/);
        expect(["top", "sub/file"].map((name) => container.read(`/opt/v1/app/${name}`))).toEqual([
          "new",
          "new",
        ]);
        expect(container.read("/opt/old")).toBe("old\n");
      });
    },
    PATIENCE,
  );

  const PRIVATE: Tree = {
    "app/sub/key": { bytes: "key" },
    "app/sub/": { modified: 900_000_000 },
    "app/": { mode: 0o500, modified: 1_000_000_000 },
    one: { bytes: "1" },
  };
  it.concurrent.each(everyNth(withUsers([PYTHON, ...TARS], ["nobody", "root"]), 6))(
    "give a new destination the mode and the time of its directory, and leave one that is there as it is: %s, as %s",
    async (_, user, setUp) => {
      await inContainer("dash", async (container) => {
        container.run(
          `mkdir -p /srv/there; chmod ${setUp === PYTHON[1] ? "1777" : "751"} /srv/there; ${setUp}`,
        );
        const lines = [
          ...["app=/opt/new", "one=/opt/new/in/one", "one=/opt/late/in/one", "app=/opt/late"],
          ...["app/s*=/opt/glob", "app=/srv/there", "one=/opt/plain/one", "app/sub=/opt/on/the/way"],
        ];
        const script = `cd /opt
          stat -c '%n %a %U' new late glob on/the/way new/in late/in plain on on/the /srv/there
          stat -c %Y late glob on/the/way`;
        const run = await bring(container, PRIVATE, { lines, script, ...(user !== "root" && { user }) });
        const owned = [
          ...["new 500", "late 500", "glob 500", "on/the/way 755", "new/in 755", "late/in 755"],
          ...["plain 755", "on 755", "on/the 755"],
        ].map((directory) => `${directory} ${user}\n`);
        const there = `/srv/there ${setUp === PYTHON[1] ? "1777" : "751"} root\n`;
        expect(endOf(run)).toBe(`ended: ${owned.join("")}${there}1000000000\n1000000000\n900000000\n`);
      });
    },
    PATIENCE,
  );

  const owned = "mkdir -p /srv/app /srv/secret; chmod 755 /srv /srv/app /srv/secret; chown 1000 /srv/app";
  const moved = `mkdir -p /tmp/own /srv/secret; chmod 755 /srv /srv/secret; ln -s /srv/secret /tmp/own/to; chown 1000 /tmp/own
    setpriv --reuid=1000 --regid=1000 --clear-groups mv /tmp/own/to /tmp/to`;
  it.concurrent.each(
    everyNth<[string, string, BringOptions, RegExp]>(
      [
        [
          "a planted link to a directory",
          `${owned}; ln -s /srv/secret /srv/app/sub; chown -h 1000 /srv/app/sub`,
          { lines: ["app=/srv/app"] },
          /'\/srv\/app\/sub'.*is a link/,
        ],
        [
          "a planted link on the way to the destination",
          `${owned}; ln -s /srv/secret /srv/app/to; chown -h 1000 /srv/app/to`,
          { lines: ["app=/srv/app/to"] },
          /'\/srv\/app\/to' leads through a link/,
        ],
        [
          "root's link, where another user could swap it",
          `${owned}; ln -s /srv/secret /srv/app/to`,
          { lines: ["app=/srv/app/to"] },
          /'\/srv\/app\/to' leads through a link/,
        ],
        ...[PYTHON, TARS[0]].map(([way, only]): [string, string, BringOptions, RegExp] => [
          `root's link that another user has moved into a sticky directory, by ${way}`,
          `${moved}; ${only}`,
          { lines: ["app=/tmp/to"] },
          /'\/tmp\/to'.* link/,
        ]),
        [
          "root's link in a directory whose name another user could change",
          `${owned}; mkdir /srv/app/in; chmod 755 /srv/app/in; ln -s /srv/secret /srv/app/in/to`,
          { lines: ["app=/srv/app/in/to"] },
          /'\/srv\/app\/in\/to' leads through a link/,
        ],
        [
          "root's link in a working directory whose name another user could change",
          `${owned}; mkdir /srv/app/in; chmod 755 /srv/app/in; ln -s /srv/secret /srv/app/in/to`,
          { lines: ["app=to"], workingDirectory: "/srv/app/in" },
          /'.*to' leads through a link/,
        ],
        [
          "a planted link as the working directory",
          `mkdir /srv/secret; ln -s /srv/secret /tmp/to; chown -h 1000 /tmp/to`,
          { lines: ["app"], workingDirectory: "/tmp/to" },
          /leads through a link/,
        ],
        [
          "a directory where a file is to be",
          "mkdir -p /srv/app/top",
          { lines: ["app=/srv/app"] },
          /'\/srv\/app\/top': Is a directory/,
        ],
        [
          "a file on the way",
          "mkdir -p /srv; echo >/srv/app",
          { lines: ["app=/srv/app/x"] },
          /'\/srv\/app\/x.*Not a directory/,
        ],
        [
          "a directory of another user, without python3",
          `${owned}; ${TARS[0][1]}`,
          { lines: ["app=/srv/app"] },
          /no python3.*'\/srv\/app/,
        ],
        ["a sticky directory, without python3", TARS[0][1], { lines: ["app=/tmp"] }, /no python3.*'\/tmp/],
        [
          "another user's link as the destination, without python3",
          `${owned}; ln -s /srv/secret /srv/to; chown -h 1000 /srv/to; ${TARS[0][1]}`,
          { lines: ["app=/srv/to"] },
          /no python3.*'\/srv\/to/,
        ],
        [
          "root's link below the destination, without python3",
          `mkdir -p /srv/app /srv/secret; ln -s /srv/secret /srv/app/sub; ${TARS[0][1]}`,
          { lines: ["app=/srv/app"] },
          /'\/srv\/app\/.*sub' is a link/,
        ],
        [
          "a destination in a directory that another line brings for the script's user, without python3",
          `mkdir -p /srv; chmod 755 /srv; ${TARS[0][1]}`,
          { lines: ["app=/srv/app", "app/top=/srv/app/sub/deep/"], user: "nobody" },
          /no python3.*'\/srv\/app\/sub\/deep', where another line of 'files' brings.*; as nobody: '\/srv\/app' can't be made/,
        ],
        [
          "no program that can unpack",
          "rm -f /usr/bin/python3* /usr/bin/tar",
          { lines: ["app"] },
          /nothing in the image can unpack them \(python3, tar\)/,
        ],
      ],
      2,
    ),
  )(
    "are not placed, and no script runs: %s",
    async (_, setUp, bringing, why) => {
      await inContainer("dash", async (container) => {
        container.run(setUp);
        expect(endOf(await bring(container, SMALL, bringing))).toMatch(new RegExp(`^files: .*${why.source}`));
        container.run('[ ! -d /srv/secret ] || [ -z "$(ls -A /srv/secret)" ]');
      });
    },
    PATIENCE,
  );

  it.concurrent(
    "are placed as the script's user when only that user could plant a link, without python3",
    async () => {
      await inContainer("dash", async (container) => {
        container.run(`mkdir -p /srv/app; chmod 755 /srv; chown nobody /srv/app; ${TARS[0][1]}`);
        const as = { user: "nobody", workingDirectory: "/srv/app" };
        const shut = { ...SMALL, "app/sub/": { mode: 0o555 } };
        const run = await bring(container, shut, {
          lines: ["app=."],
          ...as,
          script: "cat top sub/file; find . ! -user nobody; stat -c ' %a' sub",
        });
        expect(endOf(run)).toBe("ended: newnew 555\n");
      });
    },
    PATIENCE,
  );

  it.concurrent(
    "of more than 1 MiB are not typed when the image has no gzip",
    async () => {
      await inContainer("dash", async (container) => {
        container.run("rm -f /usr/bin/gzip");
        const { events } = await bring(
          container,
          { big: { bytes: randomBytes(1_100_000) } },
          { lines: ["big"] },
        );
        const refusal = {
          kind: "refused",
          code: "download",
          text: expect.stringContaining("gzip") as string,
        };
        expect(events).toContainEqual(refusal);
      });
    },
    PATIENCE,
  );

  it.concurrent(
    "may include the script's shell",
    async () => {
      await inContainer("dash", async (container) => {
        const tree: Tree = { shell: { bytes: '#!/bin/sh\necho "by $0"; exec sh "$@"\n', mode: 0o755 } };
        const run = await bring(container, tree, {
          lines: ["shell=/opt/bin/"],
          shell: "/opt/bin/shell {0}",
          script: "echo ran",
        });
        expect(endOf(run)).toBe("ended: by /opt/bin/shell\nran\n");
      });
    },
    PATIENCE,
  );

  it.concurrent.each(everyNth(withUsers([PYTHON, TARS[0]], ["root", "nobody"]), 6))(
    "make a working directory that they fill, for the script's user, and no other one: %s, as %s",
    async (_, user, setUp) => {
      await inContainer("dash", async (container) => {
        container.run(`chmod 755 /srv; mkdir /srv/shut; chmod 700 /srv/shut; ${setUp}`);
        const as = user === "root" ? {} : { user };
        const script = "pwd; cat sub/file more/top; stat -c '%U %a' /srv/new .";
        const filled = { lines: ["app=.", "app=more"], workingDirectory: "/srv/new/dir/" };
        const owned = `${user} 755\n${user} 755\n`;
        expect(endOf(await bring(container, SMALL, { ...filled, ...as, script }))).toBe(
          `ended: /srv/new/dir\nnewnew${owned}`,
        );
        const above = { lines: ["app=/srv/whole"], workingDirectory: "/srv/whole/sub/" };
        expect(endOf(await bring(container, SMALL, { ...above, ...as, script: "cat file" }))).toBe(
          "ended: new",
        );
        const elsewhere = { lines: ["app=/srv/other"], workingDirectory: "/srv/none" };
        expect(endOf(await bring(container, SMALL, { ...elsewhere, ...as }))).toMatch(
          /^directory: .*\/srv\/none/,
        );
        container.run("[ ! -e /srv/none ]");
        if (user === "root") return;
        const shut = { lines: ["app=."], workingDirectory: "/srv/shut" };
        expect(endOf(await bring(container, SMALL, { ...shut, ...as }))).toMatch(/^directory: .*\/srv\/shut/);
        container.run('[ -z "$(ls -A /srv/shut)" ]');
      });
    },
    PATIENCE,
  );

  it.concurrent(
    "go nowhere else while another user swaps their directory for a link",
    async () => {
      await inContainer("dash", async (container) => {
        container.run("mkdir -p /srv/app /srv/secret; chmod 755 /srv /srv/secret; chown 1000 /srv/app");
        const swapping = `
import os
os.chdir("/srv/app"); print("ready", flush=True); n = 0
while True:
    for make in (lambda: os.mkdir("sub"), lambda: os.symlink("/srv/secret", "sub")):
        try:
            n += 1; os.rename("sub", "away%d" % n)
        except OSError: pass
        try: make()
        except OSError: pass
`;
        const as = [
          "setpriv",
          "--reuid=1000",
          "--regid=1000",
          "--clear-groups",
          "--",
          "/usr/bin/python3",
          "-c",
          swapping,
        ];
        const [program = "", ...words] = [...container.enter, ...as];
        const attacker = spawn(program, words, { stdio: ["ignore", "pipe", "ignore"] });
        await once(attacker.stdout, "data");
        const many: Tree = Object.fromEntries(
          Array.from({ length: 300 }, (_, n) => [`app/sub/${n}/f`, { bytes: "x" }]),
        );
        const ends: string[] = [];
        for (let round = 0; round < (process.env["EVERY_ROW"] === "1" ? 3 : 1); round += 1)
          ends.push(endOf(await bring(container, many, { lines: ["app=/srv/app"] })));
        attacker.kill("SIGKILL");
        container.run('[ -z "$(ls -A /srv/secret)" ]');
        expect(ends.filter((end) => !/^(ended: $|files: )/.test(end))).toEqual([]);
      });
    },
    PATIENCE,
  );

  it.concurrent.each([
    ["on the way to the files", "new", "0/f", "private"],
    ["on the way to the files, and the temporary one with their own", "new", "0/f", "own"],
    ["among the files", ".", "0/sub", "private"],
    ["among the files, and the temporary one with their own", ".", "0/sub", "own"],
  ])(
    "leave root's private directory as it is when another user exchanges it with a new directory %s",
    async (_, destination, member, forTemporary) => {
      await withTree({ "0/f": { bytes: "x" }, "0/sub/f": { bytes: "x" } }, (root) => {
        const app = `${root}/app`;
        for (const directory of [app, `${app}/private`, `${app}/own`]) mkdirSync(directory);
        writeFileSync(`${app}/private/key`, "");
        chmodSync(`${app}/private`, 0o700);
        for (const directory of [root, app, `${app}/own`]) chmodSync(directory, 0o755);
        for (const directory of [app, `${app}/own`]) chownSync(directory, 1000, 1000);
        const { ino } = statSync(`${app}/private`);
        const archive = execFileSync("tar", ["-cC", root, member]);
        const program = exchangeMade(forTemporary) + placePy();
        const words = ["-I", "-S", "-c", program, "65534", "65534", app, destination];
        const { stdout, stderr } = spawnSync("/usr/bin/python3", words, { input: archive });
        expect(stdout.toString()).toContain("exchanged");
        expect(stderr.toString()).toMatch(forTemporary === "own" ? /exchanges directories/ : /^$/);
        const kept = readdirSync(app).map((name) => `${app}/${name}`);
        const [secret = ""] = kept.filter((path) => statSync(path).ino === ino);
        const { mode, uid } = statSync(secret);
        expect([mode & 0o7777, uid, readdirSync(secret)]).toEqual([0o700, 0, ["key"]]);
        return Promise.resolve();
      });
    },
    PATIENCE,
  );

  it("change no owner or mode of root's directory when another user has moved it to one of their paths, and don't open it", async () => {
    await withTree({ "0/sub/f": { bytes: "x" } }, (root) => {
      const app = `${root}/app`;
      for (const directory of [app, `${app}/private`]) mkdirSync(directory);
      writeFileSync(`${app}/private/key`, "secret");
      chmodSync(`${app}/private`, 0o700);
      for (const directory of [root, app]) chmodSync(directory, 0o755);
      chownSync(app, 1000, 1000);
      const as = (command: string): string =>
        execFileSync("setpriv", ["--reuid=1000", "--clear-groups", "sh", "-c", `{ ${command}; } 2>&1 || :`], {
          cwd: app,
        }).toString();
      as("mv private sub");
      const archive = execFileSync("tar", ["-cC", root, "0/sub"]);
      execFileSync("/usr/bin/python3", ["-I", "-S", "-c", placePy(), "1000", "1000", app, "."], {
        input: archive,
      });
      const { mode, uid } = statSync(`${app}/sub`);
      expect([mode & 0o7777, uid, readdirSync(`${app}/sub`)]).toEqual([0o700, 0, ["f", "key"]]);
      const tried = as("cat sub/key; cat sub/f; echo mine >sub/f; ls sub; rmdir sub").trimEnd().split("\n");
      expect(tried).toEqual(Array(5).fill(expect.stringMatching(/denied|not empty/i)));
      return Promise.resolve();
    });
  });
});

describeRoot("files, placed by another user than root", () => {
  it("arrive whole in new directories without the right to write", async () => {
    const shut: Tree = { ...SMALL, "app/sub/": { mode: 0o555 }, "app/": { mode: 0o500 } };
    await withTree(shut, async (workspace) => {
      const { bytes: input, destinations } = await packLines(workspace, ["app=new"]);
      const root = mkdtempSync("/srv/place-");
      try {
        chownSync(root, 1000, 1000);
        const program = ["/usr/bin/python3", "-I", "-S", "-c", placePy(), "-1", "-1", root, ...destinations];
        const as = ["--reuid=1000", "--regid=1000", "--clear-groups"];
        const { status, stderr } = spawnSync("setpriv", [...as, ...program], { input, encoding: "utf8" });
        expect([status, stderr]).toEqual([0, ""]);
        expect(listTree(`${root}/new`)).toEqual(listTree(`${workspace}/app`));
      } finally {
        rmSync(root, { recursive: true });
      }
    });
  });
});

describeRoot("files of many directories", () => {
  it("are placed with few descriptors open at a time, and links, too", async () => {
    const files = Array.from({ length: 300 }, (_, at) => [`app/d${at % 60}/f${at}`, { bytes: "x" }] as const);
    const links = Array.from(
      { length: 100 },
      (_, at) => [`app/d${at % 60}/l${at}`, { target: "f" }] as const,
    );
    const tree: Tree = Object.fromEntries<Tree[string]>([...files, ...links]);
    await withTree(tree, async (workspace) => {
      const archive = await packLines(workspace, ["app"]);
      const root = mkdtempSync(join(tmpdir(), "fx-place-"));
      try {
        const program = ["-I", "-S", "-c", placePy(), "0", "0", root, ...archive.destinations];
        const { status, stdout } = spawnSync(
          "/bin/sh",
          ["-c", 'ulimit -n 32; exec /usr/bin/python3 "$@"', "sh", ...program],
          { input: archive.bytes, encoding: "utf8" },
        );
        expect([status, stdout]).toEqual([0, ""]);
        expect(readdirSync(join(root, "app"), { recursive: true })).toHaveLength(60 + 300 + 100);
      } finally {
        rmSync(root, { recursive: true });
      }
    });
  });
});
