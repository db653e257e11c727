import { createHash } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asRoot } from "../../local/task/isolate.ts";
import { has, withNeed } from "../helpers/needs.ts";
import { quietTime } from "../helpers/quiet-time.ts";
import { SHELLS } from "../helpers/shells.ts";
import { findProgram, withoutPython } from "../helpers/tools.ts";
import { everyNth } from "../helpers/every-nth.ts";
import type { WatchOptions } from "../helpers/watch.ts";
import { pathsBelow } from "../helpers/paths-below.ts";
import { bringBack } from "./bring-back.ts";

const asOthers = withNeed(it, "root", asRoot ? undefined : "only root can become another user");
let scratch: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "fx-artifacts-"));
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

/** Runs a script in a directory of its own, and brings what the globs select back into another one. */
async function run(globs: string, options: WatchOptions, how: Parameters<typeof bringBack>[3] = {}) {
  const there = join(scratch, "there");
  const back = join(scratch, "back");
  mkdirSync(there);
  chmodSync(scratch, 0o755);
  if (options.user === "nobody") chownSync(there, 65_534, 65_534);
  return { ...(await bringBack(globs, back, { workingDirectory: there, ...options }, how)), back };
}

const SCRIPT = `mkdir -p out/sub/empty .h; echo one >out/a.txt; echo two >out/sub/b.txt; echo x >out/c.log; echo .e >.h/e.txt; mkdir .k; echo k >.k/f.txt
  printf A >'a b*'; ln -s /etc out/etc; ln -s sub out/link; printf B >'out/[x]"é'; chmod 750 out/sub; chmod 604 out/a.txt
  touch -d @1000000000 out/a.txt out/sub; mkfifo out/pipe; exit 3`;
const GLOBS = "out\n**/*.txt\n!**/c.log\na*\nnone/*\nout/etc/passwd\n.[!k]/?.txt";

function everywhere(options: () => Partial<WatchOptions>): void {
  it("come back as the globs say, after a failure, too", async () => {
    const { job, report, back } = await run(GLOBS, { ...options(), script: SCRIPT });
    expect(job.status).toMatchObject({ reason: "exited", workers: [{ exitCode: 3 }] });
    const inOut = ['out/[x]"é', "out/a.txt", "out/link", "out/sub", "out/sub/b.txt", "out/sub/empty"];
    expect(pathsBelow(back)).toEqual([".h", ".h/e.txt", "a b*", "out", ...inOut]);
    expect(readFileSync(join(back, "out/sub/b.txt"), "utf8")).toBe("two\n");
    const [sub, a] = ["out/sub", "out/a.txt"].map((name) => lstatSync(join(back, name)));
    expect([sub, a].map((each) => [each && each.mode & 0o777, each?.mtimeMs])).toEqual([
      [0o750, 1e12],
      [0o604, 1e12],
    ]);
    expect(readlinkSync(join(back, "out/link"))).toBe("sub");
    expect(report?.count).toBe(6);
    expect(report?.leftOut).toBe("Artifacts left out: .k/f.txt, as no line of 'artifacts' names it.");
    expect([...(report?.problems ?? [])].sort()).toEqual([
      "'none/*' matches nothing in the container.",
      "'out/etc' was not unpacked: it is a link to an absolute path.",
      "'out/etc/passwd' matches nothing in the container.",
      "'out/pipe' can't be read: it is no file, directory or link.",
    ]);
    expect(job.output("stdout").toString()).toBe("");
  });

  it("an exclusion, relative or absolute, leaves out what relative and absolute globs have selected", async () => {
    const there = join(scratch, "there");
    const globs = `out\n${there}/logs\n!${there}/out/key\n!${there}/**/*.pem\n!logs/key`;
    const script =
      "mkdir out logs; for d in out logs; do echo x >$d/key; echo x >$d/a.pem; echo x >$d/b; done";
    const { report, back } = await run(globs, { ...options(), script });
    expect(pathsBelow(back).filter((name) => /[/](key|a[.]pem|b)$/.test(name))).toEqual(
      ["out/b", join(there, "logs/b").slice(1)].sort(),
    );
    expect(report?.problems).toEqual([]);
  });

  it("the limits leave out the largest files, then directories with nothing in them, and name them", async () => {
    const script = "mkdir a1 a2 a3 a4 d; echo 1 >d/f1; echo 2 >d/f2; head -c 3000 /dev/zero >big";
    const limits = { more: { maxCount: 4, maxBytes: 2000 } };
    const { report, back } = await run("*", { ...options(), script }, limits);
    expect(pathsBelow(back)).toEqual(["a1", "a2", "d", "d/f1", "d/f2"]);
    expect(report?.problems).toEqual([
      "3 files or directories with 3000 bytes, the largest ones, were left out ('big', 'a3', 'a4'): at most 4 come, and 'artifacts-max-size' allows 2000 bytes.",
    ]);
  });

  it("a '?' matches no slash, and a quote in a name breaks no report", async () => {
    const script = `mkdir a; echo x >a/b; echo x >axb; mkfifo 'a"pipe'`;
    const { report, back } = await run('a?b\na"pipe', { ...options(), script });
    expect(pathsBelow(back)).toEqual(["axb"]);
    expect(report?.problems.map((each) => each.replace('a"', "a?")).sort()).toEqual([
      "'a?pipe' can't be read: it is no file, directory or link.",
      "'a?pipe' matches nothing in the container.",
    ]);
  });
}

const OF_KERNEL = "/*/version";
const enters = "a glob enters no file system of the kernel";

it(enters, async () => {
  const { report } = await run(OF_KERNEL, { script: ":" });
  expect(report?.problems).toEqual([`'${OF_KERNEL}' matches nothing in the container.`]);
});

describe.each(everyNth(SHELLS, 5))("artifacts under %s", (sh) => everywhere(() => ({ sh })));

describe.each(
  everyNth(
    (["mawk", "gawk", "busybox"] as const).filter((awk) =>
      has(awk, findProgram(awk) === "" ? `${awk} is not on PATH.` : undefined),
    ),
    3,
  ),
)("artifacts without python3, with the awk of %s,", (awk) => {
  let path: string;
  beforeAll(() => {
    path = withoutPython(awk, tmpdir());
    for (const tool of ["find", "sort", "stat", "tar", "touch", "mkfifo", "ln"]) {
      rmSync(join(path, tool), { force: true });
      symlinkSync(findProgram(awk === "busybox" ? "busybox" : tool), join(path, tool));
    }
  });
  afterAll(() => rmSync(path, { recursive: true }));
  everywhere(() => ({ containerEnv: { PATH: path, TAR_OPTIONS: "--exclude=a.txt" } }));

  it(enters, async () => {
    // It would list all files of this machine.
    const find = `#!/bin/sh\nstart=$1\nshift\nexec "${path}/find" "$start" -maxdepth 2 "$@"\n`;
    const bin = join(scratch, "bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "find"), find, { mode: 0o755 });
    const { report } = await run(OF_KERNEL, { script: ":", containerEnv: { PATH: `${bin}:${path}` } });
    expect(report?.problems).toEqual([`'${OF_KERNEL}' matches nothing in the container.`]);
  });
});

it("the program that packs them starts in /, without the variables that can name a file of another user", async () => {
  const bin = join(scratch, "bin");
  const seen = join(scratch, "seen");
  mkdirSync(bin);
  const python = `#!/bin/sh
case "$*" in *hashlib* | *tarfile* | *PRINTABLE*) echo "\${OPENSSL_CONF-none} $(pwd -P)" >>'${seen}' ;; esac
exec '${findProgram("python3")}' "$@"
`;
  writeFileSync(join(bin, "python3"), python, { mode: 0o755 });
  const containerEnv = {
    PATH: `${bin}:${process.env["PATH"] ?? ""}`,
    OPENSSL_CONF: join(scratch, "there/openssl.cnf"),
  };
  const { back } = await run("f", { script: "echo x >f; echo >openssl.cnf; chmod 777 .", containerEnv });
  expect(pathsBelow(back)).toEqual(["f"]);
  expect(readFileSync(seen, "utf8")).toBe("none /\n".repeat(3));
});

it("a directory that is too deep is named, and all else comes", async () => {
  const script = `echo x >f; mkdir -p ${"d/".repeat(600)}`;
  const { report, back } = await run("*", { script });
  expect(readFileSync(join(back, "f"), "utf8")).toBe("x\n");
  expect(report?.problems).toEqual([
    expect.stringMatching(
      /^'(d[/]){99}.*' can't be read: what is in it is more than 256 directories deep\.$/,
    ),
  ]);
});

/** A command that writes bytes that gzip can't make smaller. */
const large = (name: string, megabytes = 3) => `head -c ${megabytes}000000 /dev/urandom >${name}`;

it("all artifacts come after a timeout", async () => {
  const script = `${large("big")}; echo s >small; sleep 60`;
  const { job, report, back } = await run("*", { script, timeoutSeconds: 2 });
  expect(job.status).toMatchObject({ reason: "timed-out" });
  expect([report?.problems, pathsBelow(back)]).toEqual([[], ["big", "small"]]);
});

it("after a cancel the smallest artifacts come first, the job ends in time, and what is missing is named", async () => {
  const script = `echo s >small; for i in 1 2 3 4 5 6 7 8; do ${large("big$i", 20)}; done; echo ready; exec sleep 60`;
  let cancelledAt = 0;
  const { job, report, back } = await run("*", {
    script,
    // A reader of a slow session.
    onEvent: (event, cancel) => {
      if (event.kind === "text") {
        cancelledAt = quietTime();
        cancel();
      }
      if (event.kind === "artifact-bytes") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    },
  });
  expect(quietTime() - cancelledAt).toBeLessThan(6_000);
  expect(job.status).toMatchObject({ reason: "cancelled" });
  expect(readFileSync(join(back, "small"), "utf8")).toBe("s\n");
  expect(report?.problems).toEqual([
    expect.stringMatching(/^The artifacts did not come whole: .*over\. Missing: 'big\d' \(20000000 bytes\)/),
  ]);
  expect(pathsBelow(back)).not.toContain("big8");
});

it("a program of the selection that fails without python3 is a problem, and no empty archive", async () => {
  const path = withoutPython("awk", tmpdir());
  try {
    for (const tool of ["find", "stat", "tar"])
      if (!existsSync(join(path, tool))) symlinkSync(findProgram(tool), join(path, tool));
    rmSync(join(path, "sort"), { force: true });
    writeFileSync(join(path, "sort"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    const { report } = await run("*", { script: "echo a >a", containerEnv: { PATH: path } });
    expect([report?.count, report?.problems]).toEqual([
      0,
      ["The artifacts did not come whole: the container did not send all of them."],
    ]);
  } finally {
    rmSync(path, { recursive: true });
  }
});

it("cuts lose no byte of an archive, and none comes twice", async () => {
  const script = `${large("a", 4)}; ${large("b", 4)}; sha256sum a b`;
  const { job, report, cuts, back } = await run("?", { script, packAbove: 0 }, { cutsAfter: [20, 1, 60] });
  const sum = (name: string): string =>
    createHash("sha256")
      .update(readFileSync(join(back, name)))
      .digest("hex");
  expect(job.output("stdout").toString()).toBe(`${sum("a")}  a\n${sum("b")}  b\n`);
  expect([cuts, report?.count, report?.problems]).toEqual([3, 2, []]);
});

it("a job that is left running while its archive is sent keeps the archive, and another reader gets it whole", async () => {
  const script = `echo first; ${large("a", 4)}; ${large("b", 4)}; sha256sum a b`;
  const { job, report, cuts, back } = await run("?", { script, packAbove: 0 }, { leaves: true });
  const sum = (name: string): string =>
    createHash("sha256")
      .update(readFileSync(join(back, name)))
      .digest("hex");
  expect(job.output("stdout").toString()).toBe(`first\n${sum("a")}  a\n${sum("b")}  b\n`);
  expect([cuts, report?.count, report?.problems]).toEqual([0, 2, []]);
});

asOthers("artifacts are read as the user of the script", async () => {
  const script = `echo mine >mine; ln -s /etc/shadow link; ls /etc/shadow >/dev/null`;
  const { report, back } = await run("*\n/etc/shadow", { script, user: "nobody" });
  expect(pathsBelow(back)).toEqual(["mine"]);
  expect(report?.problems).toEqual([
    "'etc/shadow' can't be read: Permission denied.",
    "'link' was not unpacked: it is a link to an absolute path.",
  ]);
});

it("a file name that looks like a mark or a workflow command stays a file name", async () => {
  const script = `printf x >"$(printf 'a\\033]7733;r\\007o=1\\n::error::b\\357\\277\\275')"; mkdir -p d; ln -s d e; printf y >d/y`;
  const { job, report, back } = await run("a*\ne/*\nd", { script });
  expect(pathsBelow(back)).toEqual(["a\x1b]7733;r\x07o=1\n::error::b\ufffd", "d", "d/y"]);
  expect([job.output("stdout").length, report?.problems]).toEqual([
    0,
    ["'e/*' matches nothing in the container."],
  ]);
});
