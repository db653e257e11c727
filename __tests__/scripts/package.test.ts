import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

/** The strings in the constant with this name in scripts/package.ts. */
function valuesOf(name: string): readonly string[] {
  const source = readFileSync("scripts/package.ts", "utf8");
  const [, value = ""] = new RegExp(`^const ${name} = ([^;]*);`, "m").exec(source) ?? [];
  return [...value.matchAll(/"([^"]*)"/g)].map(([, text = ""]) => text);
}

it("the npm package has each program that the local Fargate starts beside the bundle, where its sources look for it", () => {
  const below = (directory: string): readonly string[] =>
    readdirSync(directory, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => join(directory, name));
  const sources = [
    "local/moto.ts",
    ...["agent", "gateway", "task"].flatMap((name) => below(`local/${name}`)),
  ];
  const found = sources.flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(/join\(import\.meta\.dirname, "([^"]*)"\)/g)].map(
      ([, name = ""]) => name,
    ),
  );
  expect(found.length).toBeGreaterThan(0);
  const packed = [...valuesOf("LOCAL_FILES"), ...valuesOf("LOCAL_PROGRAM")].map((path) => basename(path));
  expect(packed).toEqual(expect.arrayContaining(found));
});
