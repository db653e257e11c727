import { jest } from "@jest/globals";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { stepInputs } from "../../src/doors/github/inputs-source.ts";
import { programInputs } from "../../src/doors/program/inputs-source.ts";
import { Directory } from "../../src/inputs/beneath/directory.ts";
import { filesOfGlobs } from "../../src/inputs/item-globs.ts";

const root = mkdtempSync(join(tmpdir(), "item-globs-"));
const workspace = join(root, "repo");

beforeAll(() => {
  const files = [
    ...[
      "tests/b_test.py",
      "tests/a_test.py",
      "tests/Z_test.py",
      "tests/é_test.py",
      "tests/deep/er/c_test.py",
    ],
    ...["tests/conftest.py", "tests/deep/readme.md", "docs/x.md", "with blank.txt", "top.txt"],
    ...[
      ".git/config",
      ".github/ci_test.py",
      "tests/.cache/d_test.py",
      ".env.production",
      "dirs/one/f",
      "dirs/two/f",
    ],
  ];
  for (const file of files) {
    mkdirSync(dirname(join(workspace, file)), { recursive: true });
    writeFileSync(join(workspace, file), "");
  }
  writeFileSync(join(root, "outside.txt"), "secret of the runner");
  mkdirSync(join(root, "elsewhere"));
  writeFileSync(join(root, "elsewhere/e_test.py"), "");
  const links = [
    ["links/out.txt", "../../outside.txt"],
    ["links/to-private", "../.git/config"],
    ["links/dangling", "nowhere"],
    ["links/loop", "loop"],
    ["links/good.txt", "../top.txt"],
    ["links/directory", "../tests"],
    ["linked", "tests"],
    ["away", "../elsewhere"],
  ] as const;
  mkdirSync(join(workspace, "links"));
  for (const [link, target] of links) symlinkSync(target, join(workspace, link));
});
afterEach(() => jest.restoreAllMocks());
afterAll(() => rmSync(root, { recursive: true }));

const ofStep = stepInputs({ GITHUB_WORKSPACE: workspace }, root);

const search = (...globs: readonly string[]) => filesOfGlobs(globs, ofStep);

it.each<[readonly string[], readonly string[]]>([
  [["glob:tests/*_test.py"], ["tests/Z_test.py", "tests/a_test.py", "tests/b_test.py", "tests/é_test.py"]],
  [["glob:**/[ac]_test.py"], ["tests/a_test.py", "tests/deep/er/c_test.py"]],
  [["glob:tests/deep/**"], ["tests/deep/er/c_test.py", "tests/deep/readme.md"]],
  [["glob: ./top.txt "], ["top.txt"]],
  [["glob:with blank.*"], ["with blank.txt"]],
  [
    ["glob:**/?_test.py", "glob:tests/a*", "glob:!tests/[bé]*", "glob:!tests/deep"],
    ["tests/Z_test.py", "tests/a_test.py"],
  ],
  [["glob:.github/*.py"], [".github/ci_test.py"]],
  [["glob:tests/.cache/**"], ["tests/.cache/d_test.py"]],
  [["glob:links/good*"], ["links/good.txt"]],
  [["glob:links/*", "glob:!links/[!g]*"], ["links/good.txt"]],
])("%j selects files, each once, in the order of their bytes", (globs, value) => {
  expect(search(...globs)).toEqual({ value });
});

it("a wildcard follows no link, and matches no name that begins with a dot", () => {
  const found = search("glob:**/*.py");
  expect(found).toEqual({
    value: [
      ...["tests/Z_test.py", "tests/a_test.py", "tests/b_test.py", "tests/conftest.py"],
      ...["tests/deep/er/c_test.py", "tests/é_test.py"],
    ],
  });
});

it.each([
  ["glob:nothing/*.py", "'nothing/*.py', which matches none"],
  ["glob:tests", "'tests', which matches directories alone, such as 'tests'"],
  ["glob:tests/", "'tests', which matches directories alone, such as 'tests'"],
  ["glob:dirs/*", /^'dirs\/\*', which matches directories alone, such as 'dirs\/(one|two)'$/],
  ["glob:.", "'.', which matches directories alone, such as '.'"],
  [
    "glob:linked/*.py",
    "'linked/*.py', which matches none: 'linked' is a symbolic link, which is not followed",
  ],
  ["glob:away/*.py", "'away/*.py', which matches none: 'away' is a symbolic link, which is not followed"],
  ["glob:links/directory", "'links/directory', which matches directories alone, such as 'links/directory'"],
  ["glob:links/out.txt", /^'links\/out\.txt': it is a symbolic link to a file outside /],
  [
    "glob:links/to-private",
    /^'links\/to-private': it is a symbolic link to '\.git', whose name begins with a dot/,
  ],
  ["glob:links/dangling", /^'links\/dangling': .*ENOENT/],
  ["glob:links/loop", /^'links\/loop': it leads through more than 40 symbolic links/],
  ["glob:*/config", "'*/config', which matches none"],
  ["glob:../*", "'../*'"],
  ["glob:tests/../../*", "'tests/../../*'"],
  ["glob:/etc/*", "'/etc/*'"],
  ["glob:", "nothing"],
  ["glob:{a,b}", "'{a,b}'"],
  ["glob:a\\*", "'a\\*'"],
  ["glob:[z-a]", "'[z-a]'"],
  ["glob:!tests", "'glob:!tests'"],
])("%s is refused", (glob, got) => {
  const found = search(glob);
  const seen = "got" in found ? found.got : "";
  if (typeof got === "string") expect(seen).toBe(got);
  else expect(seen).toMatch(got);
});

it("each of several globs has to match", () => {
  expect(search("glob:top.txt", "glob:nothing")).toMatchObject({ got: "'nothing', which matches none" });
});

it("takes a hundred globs, and not one more", () => {
  expect(search(...Array<string>(100).fill("glob:top.txt"))).toEqual({ value: ["top.txt"] });
  expect(search(...Array<string>(101).fill("glob:top.txt"))).toMatchObject({ must: "100 globs at most" });
});

it("a name that is no line of text is refused by its path", () => {
  const odd = mkdtempSync(join(root, "odd-"));
  writeFileSync(join(odd, "a\nb.py"), "");
  const of = (name: string) => filesOfGlobs([`glob:${name}`], stepInputs({ GITHUB_WORKSPACE: odd }, root));
  expect(of("*.py")).toMatchObject({ got: "'a b.py'" });
  writeFileSync(Buffer.from(`${odd}/caf\xe9.md`, "latin1"), "");
  expect(of("*.md")).toMatchObject({ must: "files whose names are in UTF-8 and have no control characters" });
});

it("a directory that can't be listed is told, and leaves nothing out", () => {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- it is called with its directory
  const { openDirectory } = Directory.prototype;
  jest.spyOn(Directory.prototype, "openDirectory").mockImplementation(function (this: Directory, name) {
    if (name === "deep") throw new Error("EACCES: permission denied");
    return openDirectory.call(this, name);
  });
  expect(search("glob:tests/**/*.py")).toMatchObject({ got: "'tests/deep': EACCES: permission denied" });
  expect(search("glob:tests/*.py")).toHaveProperty("value");
});

it("a workspace that isn't there is told", () => {
  const gone = stepInputs({ GITHUB_WORKSPACE: join(root, "gone") }, root);
  expect(filesOfGlobs(["glob:*"], gone)).toMatchObject({
    got: expect.stringMatching(/^'\.': .*ENOENT/) as string,
  });
});

it("in a program a link may lead to another directory of the checkout, and not out of it", () => {
  const checkout = mkdtempSync(join(root, "checkout-"));
  for (const directory of [".git", "package", "shared"]) mkdirSync(join(checkout, directory));
  writeFileSync(join(checkout, "shared/common.py"), "");
  symlinkSync("../shared/common.py", join(checkout, "package/common.py"));
  symlinkSync("../../outside.txt", join(checkout, "package/out.txt"));
  const program = programInputs({}, { env: {}, directory: join(checkout, "package") });
  expect(filesOfGlobs(["glob:*.py"], program)).toEqual({ value: ["common.py"] });
  expect(filesOfGlobs(["glob:*.txt"], program)).toMatchObject({
    got: expect.stringMatching(/^'out\.txt': it is a symbolic link to a file outside/) as string,
  });
});
