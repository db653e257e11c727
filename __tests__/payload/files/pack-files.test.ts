import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { packFiles } from "../../../src/payload/files/pack-files.ts";
import { asRoot } from "../../../local/task/isolate.ts";
import { systemClock } from "../../../src/clock.ts";
import { anInputs } from "../../helpers/runs.ts";
import { Listener } from "../../helpers/listener.ts";
import { trees } from "./random-trees.ts";
import { listTree, packLines, selections, type Tree, withTree } from "./trees.ts";

const TREE: Tree = {
  "a.txt": { bytes: "a" },
  "conf/app.yml": { bytes: "app" },
  "conf/deep/": {},
  "conf/deep/er.yml": { bytes: "deep" },
  "conf/.hidden": { bytes: "h" },
  "conf/.env": { bytes: "TOKEN=1" },
  "conf/.env.local/x": { bytes: "1" },
  "conf/current": { target: "app.yml" },
  "conf/up": { target: "../a.txt" },
  ".git/config": { bytes: "token" },
  ".env.example": { bytes: "TOKEN=" },
  "src/.env": { bytes: "TOKEN=1" },
  "src/a": { bytes: "a" },
  "[id]/a (1).txt": { bytes: "a" },
  ".gitignore": { bytes: "conf" },
  "empty/": {},
  "-dash": { bytes: "-" },
  "out/of": { target: "../../elsewhere" },
  "out/absolute": { target: "/etc/passwd" },
  "out/loop": { target: "../conf" },
};

/** The names in an archive without the destinations, as GNU tar lists them, with the destinations in the place of their numbers. */
function names({ bytes, destinations }: { bytes: Uint8Array; destinations: readonly string[] }): string[] {
  return execFileSync("tar", ["-tf", "-"], { input: bytes })
    .toString()
    .split("\n")
    .filter((name, at, all) => !/^(\d+\/)?$/.test(name) && all.indexOf(name) === at)
    .map((name) => name.replace(/^\d+/, (number) => destinations[Number(number)] ?? "?"));
}

describe("the input 'files'", () => {
  it.concurrent.each<[string, string[], string[]]>([
    ["a file", ["a.txt"], ["/a.txt"]],
    ["a file that begins with a dash", ["-dash"], ["/-dash"]],
    [
      "a directory, and all that it holds, though .gitignore names it",
      ["conf"],
      ["/conf/", "/conf/app.yml", "/conf/current", "/conf/deep/", "/conf/deep/er.yml", "/conf/up"],
    ],
    ["an empty directory", ["empty"], ["/empty/"]],
    [
      "the links that a glob matches, but none that an exclusion matches",
      ["conf/*", "!conf/{app*,deep,up}"],
      ["/conf/", "/conf/current"],
    ],
    ["a glob, with the directories on the way", ["**/er.*"], ["/conf/", "/conf/deep/", "/conf/deep/er.yml"]],
    ["braces, which may hold a comma", ["{a.txt,-dash}"], ["/-dash", "/a.txt"]],
    [
      "what no other line leaves out",
      ["conf/{,.h}*", "!conf/app*", "!conf/{deep,current,up}"],
      ["/conf/", "/conf/.hidden"],
    ],
    ["a file to a name", ["a.txt=/srv/b.txt"], ["/srv/b.txt"]],
    ["a file into a directory", ["a.txt=/srv/"], ["/srv/a.txt"]],
    ["a file to a name below the working directory", ["a.txt=b.txt"], ["/b.txt"]],
    ["a file into the working directory", ["a.txt=."], ["/a.txt"]],
    ["a file into a directory, by a dot", ["a.txt=/srv/."], ["/srv/a.txt"]],
    ["a file into the root", ["a.txt=/"], ["//a.txt"]],
    ["a directory to a directory", ["conf/deep=/srv/d"], ["/srv/d/er.yml"]],
    [
      "a glob to a directory, behind its first wildcard",
      ["conf/**/*.yml=/srv"],
      ["/srv/app.yml", "/srv/deep/", "/srv/deep/er.yml"],
    ],
    [
      "braces that span a slash",
      ["conf/{deep/er,app}.yml=/srv"],
      ["/srv/app.yml", "/srv/deep/", "/srv/deep/er.yml"],
    ],
    [
      "directories by braces, with their paths from the first brace on",
      ["{conf/deep,empty}/**=/srv"],
      ["/srv/conf/", "/srv/conf/deep/", "/srv/conf/deep/er.yml", "/srv/empty/"],
    ],
    [
      "what braces leave open",
      ["conf/{deep/,}er.yml", "{,a.txt}"],
      ["/a.txt", "/conf/", "/conf/deep/", "/conf/deep/er.yml"],
    ],
    [
      "no .env file that another brace names",
      ["{.env.example,src}=/srv"],
      ["/srv/.env.example", "/srv/src/", "/srv/src/a"],
    ],
    [
      "a .env file that each brace names",
      ["conf/.env{,.local}"],
      ["/conf/", "/conf/.env", "/conf/.env.local/", "/conf/.env.local/x"],
    ],
    ["a path whose characters are no wildcards", ['{"[id]/a (1).txt": "/srv/"}'], ["/srv/a (1).txt"]],
    ["a .env file that a line names", ["conf/.env"], ["/conf/", "/conf/.env"]],
    ["a glob that names .env files", ["conf/.env*=x"], ["x/.env", "x/.env.local/", "x/.env.local/x"]],
    [
      "what a part with a dot at its beginning matches",
      ["**/.*"],
      ["/.gitignore", "/conf/", "/conf/.hidden"],
    ],
    ["the dotfile of a path", ["conf/.hidden=h"], ["/h"]],
    ["what .git holds, where a line names it", [".git/**=g"], ["g/config"]],
    ["a link to what the line does not bring, without a destination", ["conf/up"], ["/conf/", "/conf/up"]],
    ["a link that leads elsewhere in the workspace", ["out/loop"], ["/out/", "/out/loop"]],
  ])("brings %s", async (_, lines, expected) => {
    await withTree(TREE, async (root) => {
      expect(names(await packLines(root, lines)).sort()).toEqual(expected.sort());
    });
  });

  it.concurrent.each<[string, string[], RegExp]>([
    ["matches nothing", ["nothing/*"], /'nothing\/\*', which matches nothing/],
    ["names nothing", ["nothing"], /'nothing', which matches nothing/],
    [
      "brings nothing but what may hold secrets",
      ["conf/.e*"],
      /matches nothing but conf\/\.env, conf\/\.env\.local/,
    ],
    ["has all its matches left out", ["a.txt", "!a.*"], /'a.txt', which matches nothing/],
    ["brings a link out of the workspace", ["out/of"], /'out\/of', a link to '..\/..\/elsewhere'/],
    ["brings an absolute link", ["out"], /'out\/absolute', a link to '\/etc\/passwd'/],
    ["brings a link out of what has another destination", ["conf=/srv"], /'conf\/up', a link to '..\/a.txt'/],
    ["leads through a link", ["out/loop/app.yml"], /lead through no symbolic link.*'out\/loop\/app.yml'/s],
    ["puts a file below another line's file", ["a.txt=conf", "conf/deep"], /'conf\/deep' below/],
  ])("is refused when a line %s", async (_, lines, problem) => {
    await withTree(TREE, async (root) => {
      await expect(packLines(root, lines)).rejects.toMatchObject({
        code: "bad-input",
        message: expect.stringMatching(problem) as string,
      });
    });
  });

  it.each<[string, Tree, string]>([
    ["to the kernel's files", { config: { target: "/proc/self" } }, "config/environ=/srv/x"],
    ["to the kernel's files, by a glob", { config: { target: "/proc/self" } }, "config/env*=/srv/x"],
    ["to a private name", { ".git/config": { bytes: "token" }, conf: { target: ".git" } }, "conf/*=/srv"],
    ["to a private name, by a path", { ".git/config": {}, conf: { target: ".git" } }, "conf/config=/srv/c"],
    ["to a private name, by braces", { ".env/a": {}, conf: { target: ".env" } }, "{conf,x}/**/a=/srv"],
    ["in the middle", { "a/to": { target: "/etc" } }, "a/to/*=/srv"],
  ])("brings nothing through a link of the repository %s", async (_, tree, line) => {
    await withTree({ ...tree, "x/a": {} }, async (root) => {
      await expect(packLines(root, [line])).rejects.toThrow("paths that lead through no symbolic link");
    });
  });

  it("leaves out what may hold secrets, and says so", async () => {
    const secrets = [".npmrc", ".netrc", ".aws/credentials", "sub/.pypirc", ".git/config", "sub/.env"];
    const tree = Object.fromEntries([...secrets, "sub/a", "b"].map((path) => [path, { bytes: path }]));
    await withTree(tree, async (root) => {
      const log = new Listener();
      const all = await packFiles(anInputs({ files: selections("**=/srv") }), {
        workspace: root,
        log,
        clock: systemClock,
      });
      if (all === undefined) throw new Error("nothing was packed");
      expect(names(all).sort()).toEqual(["/srv/b", "/srv/sub/", "/srv/sub/a"]);
      expect(log.lines.join("\n")).toMatch(
        /Left out of 'files', since they may hold secrets: (\S+, ){4}\S+ and 1 more\. A line that names them/,
      );
      for (const path of [".npmrc", ".aws", "sub/.py*"])
        expect(names(await packLines(root, ["**", path])).join(" ")).toContain(path.replace("*", "pirc"));
    });
  });

  it("brings what is hidden in a path that a program names, but for '.git' and '.env*'", async () => {
    const hidden = ["d/.npmrc", "d/.aws/.x", "d/.git/config", "d/sub/.env", "d/sub/.env.test", "d/a"];
    await withTree(Object.fromEntries(hidden.map((path) => [path, {}])), async (root) => {
      const brought = (lines: string): Promise<string[]> =>
        packLines(root, [lines]).then((all) => names(all).sort());
      expect(await brought('{"d": "/srv"}')).toEqual([
        "/srv/.aws/",
        "/srv/.aws/.x",
        "/srv/.npmrc",
        "/srv/a",
        "/srv/sub/",
      ]);
      expect(await brought('{"d/.git": "/srv"}')).toEqual(["/srv/config"]);
      expect(await brought("d=/srv")).toEqual(["/srv/a", "/srv/sub/"]);
    });
  });

  it("does not name what a line leaves out itself among what may hold secrets", async () => {
    await withTree({ ".npmrc": {}, ".cache/x": {}, a: {} }, async (root) => {
      const log = new Listener();
      await packFiles(anInputs({ files: selections("**", "!.cache") }), {
        workspace: root,
        log,
        clock: systemClock,
      });
      expect(log.lines.join("\n")).toContain("since they may hold secrets: .npmrc. A line");
    });
  });

  it("refuses what is neither a file nor a directory nor a link", async () => {
    await withTree({ "run/": {} }, async (root) => {
      execFileSync("mkfifo", [join(root, "run/pipe")]);
      await expect(packLines(root, ["run"])).rejects.toThrow("'run/pipe', which is none of them");
    });
  });

  it.each<[string, (odd: Buffer, link: string) => void]>([
    ["of a file", (odd) => writeFileSync(odd, "")],
    ["of a directory", (odd) => mkdirSync(odd)],
    ["in a link", (_, link) => symlinkSync(Buffer.from("caf\xe9", "latin1"), link)],
  ])("refuses a name that is not in UTF-8: %s", async (_, make) => {
    await withTree({ "d/ok": { bytes: "" } }, async (root) => {
      make(Buffer.from(join(root, "d/caf\xe9"), "latin1"), join(root, "d/cafe"));
      await expect(packLines(root, ["d"])).rejects.toThrow(/in UTF-8\.\nGot '.*caf\uFFFD'/);
    });
  });

  it("leaves out a name that is not in UTF-8 by a line for it", async () => {
    await withTree({ "d/ok": { bytes: "" } }, async (root) => {
      writeFileSync(Buffer.from(join(root, "d/caf\xe9"), "latin1"), "");
      await expect(packLines(root, ["d/*"])).rejects.toThrow("in UTF-8");
      expect(names(await packLines(root, ["d/*", "!d/caf*"]))).toEqual(["/d/", "/d/ok"]);
    });
  });

  it.each([
    ["16 MiB without a bucket", 16, {}, "at most 16 MiB without 'bucket'"],
    [
      "1 GiB for all tasks",
      17,
      { bucket: "b", where: { kind: "service", service: "s", tasks: 64 } },
      "1 GiB for all tasks",
    ],
    ["256 MiB", 256, { bucket: "b" }, "at most 256 MiB"],
  ] as const)("refuses more than %s", async (_, mib, inputs, words) => {
    await withTree({ big: {} }, async (root) => {
      execFileSync("truncate", ["-s", `${mib}M`, join(root, "big")]);
      const step = { workspace: root, log: new Listener(), clock: systemClock };
      const packing = packFiles(anInputs({ files: selections("big"), ...inputs }), step);
      await expect(packing).rejects.toThrow(words);
    });
  });

  it("is nothing when it is not given", async () => {
    const nowhere = { workspace: "/nowhere", log: new Listener(), clock: systemClock };
    expect(await packFiles(anInputs(), nowhere)).toBeUndefined();
  });
});

it("GNU tar unpacks any tree as it was", async () => {
  await fc.assert(
    fc.asyncProperty(trees, async (tree) => {
      const out = mkdtempSync(join(tmpdir(), "unpacked-"));
      try {
        await withTree(tree, async (root) => {
          const { bytes } = await packLines(root, ["d=elsewhere"]);
          // tar would warn of times in the future, which many of these are.
          execFileSync("tar", ["--warning=no-timestamp", "-xpf", "-", "-C", out], { input: bytes });
          expect(listTree(join(out, "0"))).toEqual(listTree(join(root, "d")));
        });
      } finally {
        rmSync(out, { recursive: true, force: true });
      }
    }),
    { numRuns: asRoot && process.env["EVERY_ROW"] === "1" ? 40 : 10 },
  );
}, 60_000);
