import { checkAsked } from "../../../src/report/artifacts/check-asked.ts";
import type { Member } from "../../../src/report/artifacts/tar.ts";
import { artifactGlobs } from "../../../src/inputs/artifact-globs.ts";
import type { AskedOptions } from "../../../src/inputs/asked-names.ts";

type Options = Partial<AskedOptions> & { readonly target?: string };

/** Why a member is not placed; "placed" otherwise. */
function fateOf(lines: string, name: string, { target, ...options }: Options = {}): string {
  const parsed = artifactGlobs(lines);
  if (!("value" in parsed)) throw new Error(parsed.must);
  const kind: Member["kind"] = target === undefined ? "file" : "symlink";
  const member = { kind, name, target: target ?? "", mode: 0o644, modified: 0, size: 0 };
  try {
    checkAsked({ globs: parsed.value, platform: "linux", ...options })(name.split("/"), member);
    return "placed";
  } catch (error) {
    return (error as Error).message;
  }
}

it.each([
  ["reports/*.xml", ".git/hooks/pre-commit", "no line of 'artifacts' asks for it"],
  ["reports/*.xml", "reports/a.txt", "no line of 'artifacts' asks for it"],
  ["reports", "reports2", "no line of 'artifacts' asks for it"],
  ["/srv/*.xml", "srv/sub", "no line of 'artifacts' asks for it"],
  ["**", ".git/hooks/pre-commit", "no line of 'artifacts' names it"],
  ["**", "a/.GIT/config", "no line of 'artifacts' names it"],
  ["**", ".env", "no line of 'artifacts' names it"],
  ["**", ".npmrc", "no line of 'artifacts' names it"],
  ["**/.*", ".env.local", "no line of 'artifacts' names it"],
  ["dist", "dist/.htaccess", "no line of 'artifacts' names it"],
  // The line that has the name does not bring it, and the one that brings it does not have it.
  ["dist\n.npmrc", "dist/.npmrc", "no line of 'artifacts' names it"],
])("%j does not bring %s", (lines, name, why) => {
  expect(fateOf(lines, name)).toBe(why);
});

it.each([
  ["reports/*.xml", "reports/a.xml"],
  ["/srv/out", "srv/out/deep/a"],
  ["/*.log", "a.log"],
  [".", "a/b"],
  [".coverage", ".coverage"],
  ["**/.coverage*", "a/b/.coverage.1"],
  [".next/**", ".next/server/a.js"],
  ["**/.*", "a/.npmrc"],
  [".env*", ".env.test"],
  ["x??", "xé"],
  ["*/deep", "a/deep/b/c"],
])("%j brings %s", (lines, name) => {
  expect(fateOf(lines, name)).toBe("placed");
});

it.each([
  ["out\n!out/*.log", "out/a.log"],
  ["out\n!out/sub", "out/sub/a"],
  ["/srv/out\n!/srv/out/**/b", "srv/out/a/b"],
  // An exclusion for any directory holds for both ways to write a path.
  ["/srv/out\n!**/*.log", "srv/out/a.log"],
  ["out\n!/**/b", "out/b"],
  ["**\n!**", "a"],
])("%j leaves out %s again on this machine", (lines, name) => {
  expect(fateOf(lines, name)).toBe("a line of 'artifacts' leaves it out");
});

it.each([
  // Relative paths begin in a directory that only the container knows.
  ["srv/out\n!/srv/out/a", "srv/out/a"],
  ["srv/out\n/srv/out\n!/srv/out/a", "srv/out/a"],
  ["/srv/out\n!out/a", "srv/out/a"],
  ["out\n!out/**/b", "out/a"],
  ["out\n!out/*/**", "out/a"],
  // A tool that takes bytes for characters does not leave this out.
  ["out\n!out/?", "out/é"],
])("%j does not leave out %s, since a container may have sent it", (lines, name) => {
  expect(fateOf(lines, name)).toBe("placed");
});

it.each(["GIT~1/hooks/pre-commit", "GIT~1", "a/ENV~1.LOC"])("on Windows '**' does not bring %s", (name) => {
  expect(fateOf("**", name, { platform: "win32" })).toBe("no line of 'artifacts' names it");
  expect(fateOf("**", name)).toBe("placed");
});

it.each([
  ["**", ".g\u200cit/config"],
  ["**/.*", ".g\u200cit/config"],
  ["**", "\u200d.git/config"],
])("%j does not bring a name that HFS+ takes for '.git'", (lines, name) => {
  expect(fateOf(lines, name)).toBe("no line of 'artifacts' names it");
});

it.each([
  ["srv", "srv/.hidden/.x", "placed"],
  ["srv", "srv/.git/config", "no line of 'artifacts' names it"],
  ["srv", "srv/a/.env", "no line of 'artifacts' names it"],
  ["srv/*", "srv/.hidden", "no line of 'artifacts' names it"],
  [".", ".hidden", "no line of 'artifacts' names it"],
  ["srv", "etc/.hidden", "no line of 'artifacts' asks for it"],
])("where paths name what is hidden, too, %j and %s: %s", (lines, name, fate) => {
  expect(fateOf(lines, name, { pathsNameHidden: true })).toBe(fate);
});

it("no link leads to a name with a dot that no line names", () => {
  expect(fateOf("reports", "reports/a.xml", { target: "../.git/config" })).toContain(
    "a link to a name with a dot",
  );
  expect(fateOf("reports", "reports/a.xml", { target: "b.xml" })).toBe("placed");
});
