import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { licensesOf } from "../../scripts/licenses.ts";

const root = mkdtempSync(join(tmpdir(), "licenses-"));
afterAll(() => rmSync(root, { recursive: true }));

/** A module of a new package with this licence, and the text of its file, if it has one. */
function module(name: string, license: string, text?: string): { readonly resource: string } {
  const directory = join(root, "node_modules", name);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "package.json"), JSON.stringify({ name, license }));
  if (text !== undefined) writeFileSync(join(directory, "LICENSE.md"), text);
  return { resource: join(directory, "lib/index.js") };
}

it("a bundle's licences are those of all packages in it, joined modules included, and equal texts are there once", () => {
  const modules = [
    {
      resource: "/src/main.js",
      modules: [module("z", "MIT", "You may.\n"), module("@a/b", "MIT", "You may.")],
    },
    module("plain", "ISC"),
    module("own", "0BSD", "Of its own."),
    module("z", "MIT", "You may.\n"),
    {},
  ];
  expect(licensesOf(modules)).toBe(
    "@a/b: MIT\nz: MIT\n\nYou may.\n\nown: 0BSD\n\nOf its own.\n\nplain: ISC\n\n\n",
  );
});
