import { copied } from "../../../src/doors/cli/copy-command.ts";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { Writable } from "node:stream";
import type { RunInputs, RunResult } from "../../../src/doors/program/run-options.ts";
import { copyFiles, copyOptions } from "../../../src/doors/cli/copy-command.ts";
import { parseCopy } from "../../../src/doors/cli/copy.ts";
import { packLines, withTree } from "../../payload/files/trees.ts";
import { UsageError } from "../../../src/doors/cli/usage-error.ts";

const copy = (...words: string[]) => parseCopy(words, "/home/me/shop");

it.each<[readonly string[], string, Readonly<Record<string, string>>]>([
  [["dist", ":/srv/static"], "/home/me/shop", { dist: "/srv/static" }],
  [["dist/", ":/srv/"], "/home/me/shop", { dist: "/srv/dist" }],
  [["a.txt", ":/srv/b.txt"], "/home/me/shop", { "a.txt": "/srv/b.txt" }],
  // From the working directory on, so that a link 'conf' in it leads nowhere.
  [["conf/environ", ":/srv/x"], "/home/me/shop", { "conf/environ": "/srv/x" }],
  [["a b=c.txt", ":"], "/home/me/shop", { "a b=c.txt": "a b=c.txt" }],
  [
    ["report (1)!.txt", "[id]", ":/srv/"],
    "/home/me/shop",
    { "report (1)!.txt": "/srv/report (1)!.txt", "[id]": "/srv/[id]" },
  ],
  [["a", ":/srv/x=y "], "/home/me/shop", { a: "/srv/x=y " }],
  [["a.txt", ":."], "/home/me/shop", { "a.txt": "a.txt" }],
  [[".", ":/srv/"], "/home/me", { shop: "/srv/shop" }],
  [["../other/x", "/etc/hosts", ":/srv/"], "/", { "home/me/other/x": "/srv/x", "etc/hosts": "/srv/hosts" }],
  [["./:odd", ":/srv/"], "/home/me/shop", { ":odd": "/srv/:odd" }],
])("%j goes into the container", (words, directory, files) => {
  expect(copy(...words)).toEqual({ kind: "in", directory, files });
});

it("a copy from a subdirectory of a checkout goes through no link of the checkout", async () => {
  const tree = {
    "repo/.git/config": { bytes: "token" },
    "repo/conf": { target: ".git" },
    "repo/lib/a": { bytes: "a" },
    "repo/deep/b": { bytes: "b" },
    "other/c": { bytes: "c" },
    machine: { target: "other" },
  };
  await withTree(tree, async (base) => {
    const root = realpathSync(base);
    const pack = async (...words: string[]) => {
      const read = parseCopy([...words, ":/srv/"], join(root, "repo/deep"));
      if (read.kind !== "in") throw new Error("it is no copy into the container");
      const { directory } = read;
      await packLines(directory, [JSON.stringify(read.files)]);
      return [relative(root, directory), ...Object.keys(read.files)];
    };
    for (const words of [
      ["../conf/config"],
      [join(root, "repo/conf/config")],
      ["../conf/config", "../conf/config"],
      ["../conf/config", "../../other/c"],
    ])
      await expect(pack(...words)).rejects.toThrow("paths that lead through no symbolic link");
    expect(await pack("b")).toEqual(["repo/deep", "b"]);
    expect(await pack("../lib/a", "b")).toEqual(["repo", "lib/a", "deep/b"]);
    expect(await pack("../.git/config")).toEqual(["repo", ".git/config"]);
    expect(await pack(".")).toEqual(["repo", "deep"]);
    expect(await pack("..")).toEqual(["", "repo"]);
    expect(await pack("../../machine/c")).toEqual(["other", "c"]);
    expect(await pack("../lib/a", "../../machine/c")).toEqual(["", "repo/lib/a", "other/c"]);
  });
});

it.each<[readonly string[], readonly (readonly [string, string, string])[]]>([
  [[":/var/log/app.log", "."], [["/var/log/app.log", "var/log/app.log", "/home/me/shop/app.log"]]],
  [[":/var/log/app.log", "x.log"], [["/var/log/app.log", "var/log/app.log", "/home/me/shop/x.log"]]],
  [[":reports/", "out/"], [["reports", "reports", "/home/me/shop/out/reports"]]],
  [[":reports", "out"], [["reports", "reports", "/home/me/shop/out"]]],
  [[":/var/log/*.log", "logs"], [["/var/log/*.log", "var/log", "/home/me/shop/logs"]]],
  [[":**/*.xml", "/tmp/"], [["**/*.xml", "", "/tmp"]]],
  [[":", "all"], [[".", "", "/home/me/shop/all"]]],
  [
    [":log/*.log", ":log/*.txt", ":logs", "out/"],
    [
      ["log/*.log", "log", "/home/me/shop/out"],
      ["log/*.txt", "log", "/home/me/shop/out"],
      ["logs", "logs", "/home/me/shop/out/logs"],
    ],
  ],
  [
    [":a", ":/b", "out/"],
    [
      ["a", "a", "/home/me/shop/out/a"],
      ["/b", "b", "/home/me/shop/out/b"],
    ],
  ],
])("%j comes from the container", (words, sources) => {
  expect(copy(...words)).toEqual({
    kind: "out",
    sources: sources.map(([glob, path, destination]) => ({ glob, path, destination })),
  });
});

it.each([
  [["dist"], "Give what to copy"],
  [["dist", "/srv"], "Give what to copy"],
  [[":a", ":b"], "Give what to copy"],
  [["a", ":b", "c/"], "Give what to copy"],
  [["a", "b", ":/srv"], "end the destination with a slash"],
  [["a\nb", ":/srv/"], "can't be copied by itself"],
  [["/", ":/srv/"], "can't be copied by itself"],
  [["a", ":/srv/x\ny"], "neither line ends nor .."],
  [["a", ":../x"], "neither line ends nor .."],
  [["", ":/srv/"], "an empty word"],
  [[":/srv/a\n/etc/shadow", "b"], "neither line ends"],
  [[": a", "b"], "nor blanks at its ends"],
  [[":!a", ":b", "c/"], "nor begin with !"],
  [[":[z-a]", "b"], '"[z-a]" is no glob'],
  [[":/srv", ":/srv/a", "b/"], "something in common"],
  [[":/srv/*.log", ":/srv/d/*.log", "b/"], "something in common"],
  [[":/srv/*.log", ":srv/*.log", "b/"], "something in common"],
  [[":a", ":a", "b/"], "something in common"],
  [[":**/a", ":b", "c/"], "something in common"],
])("%j is refused", (words, message) => {
  expect(() => copy(...words)).toThrow(UsageError);
  expect(() => copy(...words)).toThrow(message);
});

it("a missing source is named before anything begins, and a link without a target counts as a source", async () => {
  const begun: RunInputs[] = [];
  const run = (inputs: RunInputs): Promise<RunResult> => {
    begun.push(inputs);
    return Promise.resolve({ outcome: "succeeded", exitCode: 0, outputs: {}, error: undefined });
  };
  const scratch = mkdtempSync(join(tmpdir(), "fx-copy-"));
  try {
    symlinkSync("nowhere", join(scratch, "link"));
    await expect(copyFiles([join(scratch, "gone"), ":/srv/"], {}, run)).rejects.toThrow(
      `There is no ${JSON.stringify(join(scratch, "gone"))} here to copy.`,
    );
    writeFileSync(join(scratch, "file"), "");
    await expect(copyFiles([join(scratch, "file/x"), ":/srv/"], {}, run)).rejects.toThrow("There is no");
    expect(begun).toEqual([]);
    await copyFiles([join(scratch, "link"), ":/srv/"], {}, run);
    expect(begun).toMatchObject([{ files: { link: "/srv/link" } }]);
  } finally {
    rmSync(scratch, { recursive: true });
  }
});

it.each([
  ["there", "there"],
  ["there/new", "there"],
  ["there/file", "there"],
  ["new/deep/copy", ""],
])("what comes to %s is unpacked in the directory that is there: '%s'", async (destination, directory) => {
  const scratch = mkdtempSync(join(tmpdir(), "fx-copy-"));
  try {
    mkdirSync(join(scratch, "there"));
    writeFileSync(join(scratch, "there/file"), "");
    let path = "";
    const run = (inputs: RunInputs): Promise<RunResult> => {
      path = inputs["artifacts-path"] as string;
      return Promise.resolve({ outcome: "failed", exitCode: 1, outputs: {}, error: undefined });
    };
    await copyFiles([":/srv/d", join(scratch, destination)], {}, run);
    expect([dirname(path), existsSync(path)]).toEqual([join(scratch, directory), false]);
  } finally {
    rmSync(scratch, { recursive: true });
  }
});

it.each([
  [[":/srv/app"], ["/srv/app", "!/srv/app/**/.git", "!/srv/app/**/.env*"]],
  [[":*.txt"], ["*.txt", "!**/.git", "!**/.env*"]],
  [[":/*"], ["/*", "!/**/.git", "!/**/.env*"]],
  [[":/srv/.git"], ["/srv/.git", "!/srv/.git/**/.env*"]],
  [
    [":/srv/*", ":/srv/**/.env.test"],
    ["/srv/*", "/srv/**/.env.test", "!/srv/**/.git"],
  ],
])("what may hold secrets or hooks is left out of %j unless it is named", async (words, lines) => {
  const scratch = mkdtempSync(join(tmpdir(), "fx-copy-"));
  try {
    const asked: unknown[] = [];
    const run = (inputs: RunInputs): Promise<RunResult> => {
      asked.push(inputs.artifacts);
      return Promise.resolve({ outcome: "failed", exitCode: 1, outputs: {}, error: undefined });
    };
    await copyFiles([...words, `${scratch}/`], {}, run);
    expect(asked).toEqual([lines]);
  } finally {
    rmSync(scratch, { recursive: true });
  }
});

it("nothing that the container prints during a copy is shown", () => {
  const stream = new Writable();
  const { signal } = new AbortController();
  const shown = { stdout: stream, stderr: stream, log: {}, signal };
  expect(copyOptions(shown, "/home/me")).toEqual({
    log: {},
    signal,
    directory: "/home/me",
    pathsNameHidden: true,
  });
});

it("a copy ends with the path that the user gave, and a long one without a bucket says what makes it faster", () => {
  expect(copied([":/var/log/app.log", "./"], {}, { seconds: 1.24 })).toBe(
    "Copied :/var/log/app.log to ./ in 1.2 s.",
  );
  const faster = " Large files go more than ten times as fast by a bucket: --bucket NAME.";
  expect(copied(["a", "b", ":/srv/"], {}, { seconds: 54 })).toBe(
    `Copied 2 things to :/srv/ in 54.0 s.${faster}`,
  );
  expect(copied(["a", ":/srv/"], {}, { seconds: 5 })).toBe("Copied a to :/srv/ in 5.0 s.");
  expect(copied(["a", ":/srv/"], {}, { seconds: 5.1 })).toBe(`Copied a to :/srv/ in 5.1 s.${faster}`);
  expect(copied(["a", ":/srv/"], { bucket: "ci" }, { seconds: 54 })).toBe("Copied a to :/srv/ in 54.0 s.");
});
