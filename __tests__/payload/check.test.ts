import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { asRoot } from "../../local/task/isolate.ts";
import type { RefusalCode } from "../../src/carriers/stream/status.ts";
import { shellFor } from "../../src/payload/shebang.ts";
import { withNeed } from "../helpers/needs.ts";
import { SharedContainer } from "../helpers/shared-container.ts";
import { CONTAINER_SHELLS, shareOf } from "../helpers/shells.ts";
import { everyNth } from "../helpers/every-nth.ts";
import { type WatchedRun, watch, type WatchOptions } from "../helpers/watch.ts";

const describeRoot = withNeed(describe, "root", asRoot ? undefined : "only root can be another user");
const PATIENCE = 300_000;

/** An ELF program, the loader that it asks for, and the same program with a loader that isn't there. */
const TRUE = readFileSync("/bin/true");
const LOADER = /\/[\w/.-]*\/ld-[\w.-]+/.exec(TRUE.toString("latin1"))?.[0] ?? "";
const WITHOUT_LOADER = Buffer.from(
  TRUE.toString("latin1").replace(LOADER, LOADER.replace("/ld-", "/ld_")),
  "latin1",
);

/** Things below /opt, each with its mode. A name with a slash at its end is a directory. */
const FILES: readonly (readonly [string, number, (string | Buffer)?])[] = [
  ["private/", 0o700],
  ["private/open/", 0o755],
  ["no-loader", 0o755, WITHOUT_LOADER],
  ["not-executable", 0o644, "#!/bin/sh\n"],
  ["roots-own", 0o700, '#!/bin/sh\nexec /bin/sh "$@"\n'],
  ["of-nothing", 0o755, "#!/no/such/interpreter -x\n"],
  ["of-no-loader", 0o755, "#!/opt/no-loader\n"],
  ["plain-file", 0o644, ""],
];

type Options = Omit<WatchOptions, "within" | "sh" | "script">;
type Row = readonly [string, string, Options, RefusalCode, string];

const IN_SHEBANG: readonly Row[] = [
  ["an interpreter that isn't there", "#!/no/such/sh", {}, "shell", "'/no/such/sh'"],
  ["an interpreter that env doesn't find", "#!/usr/bin/env no-such-sh", {}, "shell", "'no-such-sh'"],
  ["one that env -S doesn't find", "#!/usr/bin/env -S no-such-sh -x", {}, "shell", "'no-such-sh'"],
  ["an interpreter whose loader isn't there", "#!/opt/no-loader", {}, "shell", "/ld_"],
  ["one whose own interpreter isn't there", "#!/opt/of-nothing", {}, "shell", "'/no/such/interpreter -x'"],
  ["one whose own interpreter has no loader", "#!/opt/of-no-loader", {}, "shell", "'/opt/no-loader'"],
  ["an interpreter that no user may execute", "#!/opt/not-executable", {}, "shell", "'/opt/not-executable'"],
  ["a directory as the interpreter", "#!/opt", {}, "shell", "'/opt'"],
];

const AS_USER: readonly Row[] = [
  [
    "an interpreter that only root may execute",
    "#!/opt/roots-own",
    {},
    "shell",
    "'nobody' may not execute '/opt/roots-own'",
  ],
  [
    "a shell that only root may execute",
    "",
    { shell: "/opt/roots-own {0}" },
    "shell",
    "'nobody' may not execute '/opt/roots-own'",
  ],
  [
    "a working directory that only root may enter",
    "",
    { workingDirectory: "/opt/private" },
    "directory",
    "'nobody' may not enter '/opt/private'",
  ],
  [
    "a working directory below one that only root may enter",
    "",
    { workingDirectory: "/opt/private/open" },
    "directory",
    "'nobody' may not enter '/opt/private/open'",
  ],
];

const OF_DIRECTORY: readonly Row[] = [
  [
    "a shell that isn't in the PATH that env sets",
    "",
    { shell: "env PATH=/nope sh {0}" },
    "shell",
    "PATH (/nope)",
  ],
  [
    "a program that env -S doesn't find, in one word",
    "",
    { shell: "env -Sno-such-sh {0}" },
    "shell",
    "code 127",
  ],
  ["a program that env -u doesn't find", "", { shell: "env -u A no-such-sh {0}" }, "shell", "127"],
  ["a program that env --chdir doesn't find", "", { shell: "env --chdir=/ no-such-sh {0}" }, "shell", "127"],
  ["a program that timeout doesn't find", "", { shell: "timeout 5 no-such-sh {0}" }, "shell", "127"],
  ["a shell that reads its standard input instead", "", { shell: "sh -s {0}" }, "shell", "exit code 0"],
  ["a shell that takes the script for a command", "", { shell: "sh -c true {0}" }, "shell", "exit code 0"],
  ["a program that nice may not run", "", { shell: "nice /opt/not-executable {0}" }, "shell", "126"],
  ["a program that env -S doesn't find", "", { shell: "env -S no-such-sh {0}" }, "shell", "'no-such-sh'"],
  ["a working directory that isn't there", "", { workingDirectory: "/no/such" }, "directory", "'/no/such'"],
  [
    "a file as the working directory",
    "",
    { workingDirectory: "/opt/plain-file" },
    "directory",
    "plain-file'",
  ],
  ["an option of cd as the working directory", "", { workingDirectory: "-P" }, "directory", "'-P'"],
  ["the name that cd has for the last directory", "", { workingDirectory: "-" }, "directory", "'-'"],
];

const asUser = ([name, shebang, options, ...more]: Row): Row => [
  `${name}, as a user`,
  shebang,
  { user: "nobody", ...options },
  ...more,
];
const REFUSED: readonly Row[] = [
  ...[...IN_SHEBANG, ...OF_DIRECTORY],
  ...[...IN_SHEBANG, ...OF_DIRECTORY, ...AS_USER].map(asUser),
];

const shells = everyNth(CONTAINER_SHELLS, 4);

describeRoot.each(shells)("before anything starts, in a container of %s,", (sh) => {
  let container: SharedContainer;

  beforeAll(async () => {
    container = await SharedContainer.start(sh);
    for (const [name, mode, content] of FILES) {
      const path = `${container.root}/opt/${name}`;
      if (name.endsWith("/")) mkdirSync(path);
      else writeFileSync(path, content ?? "");
      chmodSync(path, mode);
    }
  }, PATIENCE);
  afterAll(() => container.stop());

  async function run(script: string, options: Options): Promise<WatchedRun> {
    const containerEnv = { PATH: "/usr/bin:/bin" };
    const shell = shellFor(options.shell, Buffer.from(script));
    return await watch({ containerEnv, ...options, within: container, sh: "/bin/sh", shell, script });
  }

  it.each(everyNth(shareOf(sh, shells, REFUSED), 6))(
    "%s is refused, and no script has run",
    async (_, shebang, options, code, words) => {
      const ran = "/tmp/ran";
      const { status } = await run(`${shebang}\necho >${ran}\n`, options);
      expect(status).toEqual({ kind: "refused", code, text: expect.stringContaining(words) as string });
      expect(container.exists(ran)).toBe(false);
    },
    PATIENCE,
  );

  it.each<[string, Options]>([
    ["root", {}],
    ["a user", { user: "nobody" }],
  ])(
    "a working directory that %s may enter is not refused",
    async (_, options) => {
      const { status, stdout } = await run("pwd", { ...options, workingDirectory: "/opt" });
      expect(stdout.toString()).toBe("/opt\n");
      expect(status).toMatchObject({ kind: "ended", workers: [{ exitCode: 0 }] });
    },
    PATIENCE,
  );

  it.each<[string, Options]>([
    ["root", {}],
    ["a user", { user: "nobody" }],
  ])("a variable that makes the loader warn is not refused to %s", async (_, options) => {
    const { status } = await run("exit 3", { ...options, env: { LD_PRELOAD: "/opt/not-there.so" } });
    expect(status).toMatchObject({ kind: "ended", workers: [{ exitCode: 3 }] });
  });

  it("a user's HOME is the one that an input names, not that of /etc/passwd", async () => {
    const { stdout } = await run('echo "$HOME"', { user: "nobody", env: { HOME: "/opt" } });
    expect(stdout.toString()).toBe("/opt\n");
  });

  it("a user is found on the last line of /etc/passwd, also when that has no newline", async () => {
    const passwd = `${container.root}/etc/passwd`;
    const before = readFileSync(passwd, "utf8");
    writeFileSync(passwd, `${before}last:x:1234:1235::/opt:/bin/sh`);
    try {
      const { stdout } = await run('echo "$(id -u):$(id -g) $HOME"', { user: "last" });
      expect(stdout.toString()).toBe("1234:1235 /opt\n");
    } finally {
      writeFileSync(passwd, before);
    }
  });

  it.each<[string, Options]>([
    ["'env'", { env: { CDPATH: "/tmp:/usr" } }],
    ["the container", { containerEnv: { PATH: "/usr/bin:/bin", CDPATH: "/tmp:/usr" } }],
  ])("a relative working directory is not looked for in the CDPATH that %s sets", async (_, options) => {
    mkdirSync(`${container.root}/tmp/opt`, { recursive: true });
    const { stdout } = await run("pwd", { ...options, workingDirectory: "opt" });
    expect(stdout.toString()).toBe("/opt\n");
  });

  it("root enters and executes what only root may", async () => {
    const { status, stdout } = await run("#!/opt/roots-own\npwd", { workingDirectory: "/opt/private/open" });
    expect(stdout.toString()).toBe("/opt/private/open\n");
    expect(status).toMatchObject({ kind: "ended", workers: [{ exitCode: 0 }] });
  });

  it.each(
    everyNth(
      shareOf(sh, shells, [
        "4294967295",
        "4294967296",
        "4294968296",
        "99999999999999999999",
        "1000:4294967295",
        "1000:4294967296",
      ]),
      5,
    ),
  )("a number that can be no user or no group is refused, and no script has run: %s", async (user) => {
    const { status, stdout } = await run("id -u", { user });
    expect(status).toMatchObject({
      kind: "refused",
      code: "user",
      text: expect.stringContaining(user) as string,
    });
    expect(stdout.toString()).toBe("");
  });

  it.each(["env", "secrets"])(
    "a variable of '%s' whose value the shell refuses or changes is named; else the script has the value",
    async (how) => {
      const script = `#!/usr/bin/python3 -I\nimport os\nprint(os.environ["OPTIND"])\n`;
      const { status, stdout } = await run(script, { [how]: { FIRST: "one", OPTIND: "abc", LAST: "two" } });
      if (sh === "busybox") expect(stdout.toString()).toBe("abc\n");
      else {
        const text = expect.stringMatching(/ variable OPTIND /) as string;
        expect(status).toEqual({ kind: "refused", code: "variable", text });
      }
    },
  );

  it("the highest possible numbers of a user and a group are accepted", async () => {
    const { stdout } = await run("id -u; id -g", { user: "4294967294:4294967294" });
    expect(stdout.toString()).toBe("4294967294\n4294967294\n");
  });

  it.each(
    everyNth(
      shareOf(sh, shells, [
        "env -S sh -e {0}",
        "env -S A=1 sh {0}",
        "env PATH=/bin sh {0}",
        'env -S "sh" {0}',
      ]),
      2,
    ),
  )("a shell that env finds is not refused: %s", async (shell) => {
    const { status } = await run("exit 3", { shell });
    expect(status).toMatchObject({ kind: "ended", workers: [{ exitCode: 3 }] });
  });

  it("a user without an input 'working-directory' is not refused", async () => {
    const { status } = await run("exit 3", { user: "nobody" });
    expect(status).toMatchObject({ kind: "ended", workers: [{ exitCode: 3 }] });
  });

  // Only the script's own shell can find these, so the check passes them.
  it.each([
    ["that isn't there", "no-such-program", 127],
    ["that may not be executed", "/opt/not-executable", 126],
    ["that is a directory", "/opt/private", 126],
    ["whose interpreter isn't there", "/opt/of-nothing", undefined],
    ["whose loader isn't there", "/opt/no-loader", undefined],
  ])("a command in the script %s has the exit code of the shell", async (_, command, expected) => {
    const script = `${command}\nexit $?`;
    const code = exitCodeOf(container, script);
    if (expected !== undefined) expect(code).toBe(expected);
    expect([126, 127]).toContain(code);
    const { status } = await run(script, { shell: "/bin/sh {0}" });
    expect(status).toMatchObject({ kind: "ended", reason: "exited", workers: [{ exitCode: code }] });
  });
});

/** The exit code of a script that the container's shell runs without the action's code. */
function exitCodeOf(container: SharedContainer, script: string): number {
  const [program, ...words] = [...container.enter, "/bin/sh", "-c", script];
  try {
    execFileSync(program, words, { env: { PATH: "/usr/bin:/bin" }, stdio: "ignore" });
    return 0;
  } catch (error) {
    return (error as { status: number }).status;
  }
}
