import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openArtifacts } from "../../../src/report/artifacts/directory.ts";
import { atUsersPath, readUsersFile } from "../../../src/inputs/beneath/users-paths.ts";
import { withScript } from "../../../src/doors/cli/script.ts";
import { checkOutputsFile, writeOutputs } from "../../../src/doors/cli/outputs-file.ts";
import { programInputs } from "../../../src/doors/program/inputs-source.ts";

let base: string;
const started = process.cwd();
beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), "fx-users-")));
  for (const path of ["repo/.git/config", "repo/.npmrc", "repo/lib/f", "repo/deep/f", "outside/f"])
    write(path);
  for (const path of ["repo/sub/.git", "repo/sub/deep/f"]) write(path);
  link("repo/conf", ".git");
  link("repo/away", "../outside");
  link("repo/shared", "lib");
  link("repo/rc", ".npmrc");
});
afterEach(() => {
  process.chdir(started);
  rmSync(base, { recursive: true });
});

function write(path: string): void {
  mkdirSync(dirname(join(base, path)), { recursive: true });
  writeFileSync(join(base, path), path);
}
function link(path: string, target: string): void {
  symlinkSync(target, join(base, path));
}
const read = (path: string, from: string): string => readUsersFile(path, join(base, from)).toString();

it("a path outside the checkout is the user's own, and its links are followed", () => {
  link("machine", "outside");
  expect(read("../machine/f", "repo")).toBe("outside/f");
  expect(read("../../machine/f", "repo/deep")).toBe("outside/f");
  expect(read("/dev/null", "repo/deep")).toBe("");
});

it.each(["repo", "repo/deep", "repo/lib", "repo/sub", "repo/sub/deep"])(
  "a link of the checkout leads neither out of it nor to a private name, also for %s",
  (from) => {
    const up = from.replace(/[^/]+/g, "..").slice(3) || ".";
    for (const path of ["conf/config", "rc", "away/f"]) {
      expect(() => read(`${up}/${path}`, from)).toThrow("it is a symbolic link to");
      expect(() => read(join(base, "repo", path), from)).toThrow("it is a symbolic link to");
    }
    // What the text of the path names is the user's wish, and other links may lead there, too.
    for (const [path, content] of [
      [".git/config", ".git/config"],
      [".npmrc", ".npmrc"],
      ["shared/f", "lib/f"],
      ["lib/f", "lib/f"],
    ])
      expect(read(`${up}/${path}`, from)).toBe(`repo/${content}`);
  },
);

it("a checkout that is reached by a link of the machine is no other one", () => {
  link("way", "repo");
  for (const from of ["repo/deep", "way/deep", "way"]) {
    expect(() => read(join(base, "way/conf/config"), from)).toThrow("'.git'");
    expect(read(join(base, "way/lib/f"), from)).toBe("repo/lib/f");
  }
});

it("a link of a submodule does not lead into the repository around it", () => {
  link("repo/sub/up", "../lib");
  expect(() => read("up/f", "repo/sub")).toThrow("outside");
  expect(read("../lib/f", "repo/sub")).toBe("repo/lib/f");
});

it("without a git work tree the directory itself counts", () => {
  write("plain/deep/f");
  link("plain/away", "../outside");
  expect(() => read("away/f", "plain")).toThrow("outside");
  expect(read("../away/f", "plain/deep")).toBe("outside/f");
});

it("the checkout itself is no file in it", () => {
  const nothing = (): string => "beneath";
  for (const path of [".", "..", "../.."])
    expect(atUsersPath(path, join(base, "repo/deep"), nothing, () => "elsewhere")).toBe(
      path === "." ? "beneath" : "elsewhere",
    );
});

it("scripts, the files of inputs and those of outputs are opened in this way from a subdirectory", async () => {
  process.chdir(join(base, "repo/deep"));
  const refused = /symbolic link to '\.git'/;
  const inputs = programInputs({}, {});
  expect(() => inputs.readFile(join(base, "repo/conf/config"))).toThrow(refused);
  expect(inputs.readFile(join(base, "repo/lib/f")).toString()).toBe("repo/lib/f");
  const script = { words: [], runFile: "../conf/config", stdin: process.stdin };
  await expect(withScript({}, script)).rejects.toThrow(refused);
  const outputs = { outputs: {} };
  for (const path of ["../conf/new", "../conf/config"]) {
    expect(() => checkOutputsFile(path, { getsHandle: false })).toThrow(refused);
    expect(() => writeOutputs(path, outputs)).toThrow(refused);
  }
  expect(readFileSync(join(base, "repo/.git/config"), "utf8")).toBe("repo/.git/config");
  writeOutputs("../outputs.json", outputs);
  expect(readFileSync(join(base, "repo/outputs.json"), "utf8")).toBe("{}\n");
});

it("artifacts of a program come through no link of the checkout either", () => {
  const { directories } = programInputs({}, { directory: join(base, "repo/deep") });
  const open = (path: string) => openArtifacts(join(base, path), directories, { make: true });
  expect(() => open("repo/conf/hooks")).toThrow("'.git'");
  expect(() => open("repo/away/x")).toThrow("outside");
  for (const path of ["repo/shared/x", "outside/y"]) open(path).close();
});
