import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

const CHECK = "scripts/check-node.js";
const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> };

it.each(Object.entries(scripts).filter(([, command]) => /node .*(\.ts|jest\.js)/.test(command)))(
  "the npm script %s first looks whether Node.js runs TypeScript",
  (_, command) => {
    expect(command).toMatch(/^node scripts\/check-node\.js && /);
  },
);

const check = (...flags: readonly string[]) =>
  spawnSync(process.execPath, [...flags, CHECK], { encoding: "utf8" });

it("a Node.js that runs TypeScript passes without a word", () => {
  expect(check()).toMatchObject({ status: 0, stdout: "", stderr: "" });
});

it("of a Node.js that doesn't, it says so, and what to do", () => {
  const { status, stderr } = check("--no-experimental-strip-types");
  expect(status).toBe(1);
  expect(stderr).toContain(`Node.js ${process.version} can't run the TypeScript`);
  expect(stderr).toContain("install Node.js 22.18 or later");
});
