import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { distManifest } from "../../scripts/dist-manifest.ts";
import { majorOf, releaseNotes } from "../../scripts/release.ts";
import { inSoak } from "../helpers/every-nth.ts";
import { workflowOf } from "../helpers/workflow-files.ts";

const REPOSITORY = resolve(import.meta.dirname, "../..");
const CHANGE = "- Something is new.";
const root = mkdtempSync(join(tmpdir(), "release-"));
afterAll(() => rmSync(root, { recursive: true }));

inSoak(describe)("a release, tried on a bare clone", () => {
  const bare = join(root, "bare.git");
  const clone = join(root, "clone");
  const out = join(root, "out");
  const env = {
    ...process.env,
    ...{ GIT_AUTHOR_NAME: "a maintainer", GIT_AUTHOR_EMAIL: "maintainer@example.com" },
    ...{ GIT_COMMITTER_NAME: "a maintainer", GIT_COMMITTER_EMAIL: "maintainer@example.com" },
  };
  const run = (program: string, ...args: readonly string[]): string =>
    execFileSync(program, args, { cwd: clone, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  const git = (...args: readonly string[]): string => run("git", ...args).trim();
  const rewrite = (path: string, change: (text: string) => string): void =>
    writeFileSync(join(clone, path), change(readFileSync(join(clone, path), "utf8")));
  const release = (version: string): string =>
    run(process.execPath, join(REPOSITORY, "scripts/release.ts"), version, "--out", out);

  beforeAll(() => {
    // Whatever has been released so far, the next release is 2.0.0, and the changelog has an entry for it.
    execFileSync("git", ["clone", "--quiet", "--bare", "--no-tags", REPOSITORY, bare]);
    execFileSync("git", ["clone", "--quiet", bare, clone]);
    rewrite("CHANGELOG.md", (text) =>
      text.replace(/^## Unreleased\n[^]*?(?=^## |(?![^]))/m, `## Unreleased\n\n${CHANGE}\n\n`),
    );
    git("commit", "--quiet", "--all", "--message", "A change");
    release("2.0.0");
  });

  it("is a commit with a tag of its own and the moving tag of its major version", () => {
    const head = git("rev-parse", "HEAD");
    expect(git("rev-parse", "v2.0.0^{commit}", "v2")).toBe(`${head}\n${head}`);
    expect(git("cat-file", "-t", "v2.0.0")).toBe("tag");
    expect(git("log", "-1", "--format=%s")).toBe("Release v2.0.0");
    expect(git("status", "--porcelain")).toBe("");
  });

  it("can be pushed with its tags", () => {
    git("push", "--atomic", "origin", "HEAD:refs/heads/released", "refs/tags/v2.0.0");
    git("push", "--force", "origin", "refs/tags/v2");
    expect(git("ls-remote", "origin", "refs/tags/v2")).toContain(git("rev-parse", "HEAD"));
  });

  it("names its major version wherever one is pinned, and no other", () => {
    const form = String.raw`fargate-exec[^ "]*[@=]v?[0-9]+`;
    const others = ["CHANGELOG.md", "dist", "__tests__"].map((path) => `:(exclude)${path}`);
    const found = git("grep", "-Io", "-E", form, "--", ...others).split("\n");
    expect(found.filter((line) => !/[@=]v?2$/.test(line))).toEqual([]);
    expect(found).toEqual(
      expect.arrayContaining([
        "README.md:fargate-exec@v2",
        "examples/setup/terraform/README.md:fargate-exec//examples/setup/terraform?ref=v2",
        "local/README.md:fargate-exec@v2",
        ...["buildkite.yml", "buildspec.yml", "gitlab-ci.yml", "migrate.tf"].map(
          (file) => `examples/cli/${file}:fargate-exec@2`,
        ),
      ]),
    );
  });

  it("names its version in both files of npm, in dist/ and to AWS", () => {
    const json = (name: string): { version: string; packages: Record<string, { version: string }> } =>
      JSON.parse(readFileSync(join(clone, name), "utf8")) as never;
    const lock = json("package-lock.json");
    expect([json("package.json").version, lock.version, lock.packages[""]?.version]).toEqual(
      Array(3).fill("2.0.0"),
    );
    expect(readFileSync(join(clone, "dist/package.json"), "utf8")).toBe(distManifest("2.0.0"));
    // The user agent has this version, from the sources and beside the bundle.
    copyFileSync(join(clone, "src/version.ts"), join(root, "version.ts"));
    copyFileSync(join(clone, "dist/package.json"), join(root, "package.json"));
    const print = "import(process.argv[1]).then(({ VERSION }) => console.log(VERSION))";
    for (const path of [join(clone, "src/version.ts"), join(root, "version.ts")])
      expect(run(process.execPath, "-e", print, path)).toBe("2.0.0\n");
  });

  it.each(["README.md", "docs/cli.md", "examples/README.md"])(
    "has a %s that no longer says that there is no release",
    (page) => {
      expect(git("show", `v2.0.0~:${page}`)).toMatch(/not on npm yet|no release yet/);
      expect(git("show", `v2.0.0:${page}`)).not.toMatch(/not on npm yet|no release yet|first release -->/);
    },
  );

  it("has the changelog's section as its notes", () => {
    const notes = readFileSync(join(out, "notes.md"), "utf8");
    expect(notes).toBe(`${CHANGE}\n`);
    const changelog = readFileSync(join(clone, "CHANGELOG.md"), "utf8");
    expect(changelog).toMatch(/## Unreleased\n\n## 2\.0\.0 \(\d{4}-\d\d-\d\d\)\n/);
    expect(changelog).toContain(notes);
  });

  it("has an archive of the action and of nothing else", () => {
    const files = run("tar", "-tzf", join(out, "fargate-exec-v2.0.0.tar.gz")).trim().split("\n");
    const top = files.map((file) => file.split("/")[1]).filter((name) => name !== "");
    expect([...new Set(top)].sort()).toEqual(["LICENSE", "action.yml", "attach", "dist", "forward"]);
  });

  it.each([
    ["2.0.0", "2.0.0 does not follow 2.0.0"],
    ["1.0", "'1.0' is not a version"],
    ["2.0.1", "nothing below '## Unreleased'"],
  ])("is refused as %s: %s", (version, why) => {
    const before = git("rev-parse", "HEAD");
    expect(() => release(version)).toThrow(why);
    expect([git("rev-parse", "HEAD"), git("status", "--porcelain"), git("tag", "--list", "v2.0.1")]).toEqual([
      before,
      "",
      "",
    ]);
  });

  it("is refused with changes that are not committed", () => {
    writeFileSync(join(clone, "LICENSE"), "none");
    expect(() => release("2.0.1")).toThrow("The checkout has changes");
    git("checkout", "--quiet", "LICENSE");
  });

  it("moves the tag of its major version the next time, and leaves the other one", () => {
    const before = git("rev-parse", "v2.0.0^{commit}");
    rewrite("CHANGELOG.md", (text) => text.replace("Unreleased\n", "Unreleased\n\n- More.\n"));
    git("commit", "--quiet", "--all", "--message", "More");
    release("2.1.0");
    expect(readFileSync(join(out, "notes.md"), "utf8")).toBe("- More.\n");
    expect(git("rev-parse", "v2.1.0^{commit}", "v2", "v2.0.0^{commit}").split("\n")).toEqual([
      ...Array<string>(2).fill(git("rev-parse", "HEAD")),
      before,
    ]);
    git("push", "--force", "origin", "refs/tags/v2");
  });

  it("needs nothing that has to be installed", () => {
    expect(existsSync(join(clone, "node_modules"))).toBe(false);
  });
});

describe("majorOf", () => {
  it.each([
    ["1.0.0", [], "1"],
    ["1.10.0", ["v1.9.0", "v1.2.0"], "1"],
    ["1.2.4", ["v2.0.0", "v1.2.3"], "1"],
  ])("of %s after %j is %s", (version, tags, major) => {
    expect(majorOf(version, tags)).toBe(major);
  });

  it.each([
    ["1.9.0", ["v1.10.0", "v1.9.1"]],
    ["01.0.0", []],
    ["1.0.0-beta", []],
    ["$(id)", []],
  ])("refuses %s after %j", (version, tags) => {
    expect(() => majorOf(version, tags)).toThrow(version);
  });
});

it("a release takes the unreleased section only", () => {
  const before =
    "# Changelog\n\n## Unreleased\n\n- New.\n\n### More\n\n- Newer.\n\n## 1.0.0 (2026-01-01)\n\n- Old.\n";
  expect(releaseNotes(before, "1.1.0", "2026-02-02")).toEqual({
    changelog: before.replace("Unreleased\n", "Unreleased\n\n## 1.1.0 (2026-02-02)\n"),
    notes: "- New.\n\n### More\n\n- Newer.\n",
  });
});

describe("the workflow Release", () => {
  const { jobs } = workflowOf(".github/workflows/release.yml");
  const step = jobs["release"]?.steps?.find(({ name }) => name === "Draft the release, then publish it");

  /** Runs the step with a `gh` that says how many releases were published before, and lists its own calls. */
  function publish(published: number): { readonly calls: string; readonly outputs: string } {
    const bin = mkdtempSync(join(root, "bin-"));
    const [calls, outputs] = [join(bin, "calls"), join(bin, "outputs")];
    const gh = `#!/bin/sh\necho "$*" >>'${calls}'\ncase $2 in list) echo ${published} ;; repos*) echo true ;; esac\n`;
    writeFileSync(join(bin, "gh"), gh);
    chmodSync(join(bin, "gh"), 0o755);
    writeFileSync(outputs, "");
    const env = {
      ...{ PATH: `${bin}:${process.env["PATH"]}`, GITHUB_OUTPUT: outputs, RUNNER_TEMP: bin },
      ...{ VERSION: "1.0.0", GITHUB_REPOSITORY: "org/fargate-exec" },
    };
    execFileSync("bash", ["-eo", "pipefail", "-c", step?.run ?? "exit 1"], { env, stdio: "pipe" });
    return { calls: readFileSync(calls, "utf8"), outputs: readFileSync(outputs, "utf8") };
  }

  it("leaves the first release a draft, for a person to tick the box of the Marketplace", () => {
    const { calls, outputs } = publish(0);
    expect(calls).toContain("release create v1.0.0 --draft");
    expect(calls).not.toContain("--draft=false");
    expect(outputs).toBe("first=true\n");
  });

  it("publishes each further release", () => {
    const { calls, outputs } = publish(1);
    expect(calls).toContain("release edit v1.0.0 --draft=false");
    expect(outputs).toBe("");
  });
});
