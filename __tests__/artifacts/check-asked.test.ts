import { checkAsked } from "../../src/artifacts/check-asked.ts";
import type { Member } from "../../src/artifacts/tar.ts";
import { artifactGlobs } from "../../src/inputs/artifacts.ts";

/** Why a member is not placed; "placed" otherwise. */
function fateOf(lines: string, name: string, target?: string): string {
  const parsed = artifactGlobs(lines);
  if (!("value" in parsed)) throw new Error(parsed.must);
  const kind: Member["kind"] = target === undefined ? "file" : "symlink";
  const member = { kind, name, target: target ?? "", mode: 0o644, modified: 0, size: 0 };
  try {
    checkAsked({ globs: parsed.value })(name.split("/"), member);
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

it("no link leads to a name with a dot that no line names", () => {
  expect(fateOf("reports", "reports/a.xml", "../.git/config")).toContain("a link to a name with a dot");
  expect(fateOf("reports", "reports/a.xml", "b.xml")).toBe("placed");
});
