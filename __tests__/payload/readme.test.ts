import { readdirSync, readFileSync } from "node:fs";
import {
  bootstrapSource,
  jobParts,
  loaderParts,
  stopSource,
  unpackerParts,
  withoutComments,
} from "../../src/payload/container-source.ts";

const payload = new URL("../../src/payload/", import.meta.url);
const container = new URL("container/", payload);
const shell = readdirSync(container).filter((name) => name.endsWith(".sh"));
const source = (name: string): string =>
  readFileSync(new URL(name, name.endsWith(".sh") ? container : payload), "utf8");
const partsOf = (text: string): string[] => shell.filter((name) => text.includes(source(name)));

/** What runs in one shell: the files of each. */
const SHELLS: readonly (readonly string[])[] = [
  [
    ...partsOf(
      bootstrapSource() +
        unpackerParts() +
        loaderParts() +
        jobParts({
          ...{ pieces: true, detaches: true, fence: true },
          ...{ hasFiles: true, hasArtifacts: true, hasItems: true },
        }),
    ),
    ...["bootstrap.ts", "loader.ts", "job-text.ts", "input.ts"],
  ],
  [...partsOf(stopSource()), "stop.ts"],
  ["safe.sh", "place.sh"],
  ["safe.sh", "artifacts_tar.sh", "container-source.ts"],
];

/** The names in the groups of all matches. Programs of the directory have one name together. */
function namesIn(text: string, ...patterns: readonly RegExp[]): Set<string> {
  const found = patterns.flatMap((pattern) => [...text.matchAll(pattern)].map(([, names = ""]) => names));
  const names = found.flatMap((each) => each.match(/fx_\w+/g) ?? []);
  return new Set(names.map((name) => name.replace(/^fx_\w+_(py|sh)$/, "fx_*_$1")));
}

/** The variables that a file sets. A file of TypeScript also defines functions. */
const setBy = (name: string): Set<string> =>
  namesIn(
    withoutComments(source(name)).replaceAll("${name}", "each"),
    /(?<![$\w{])(fx_\w+)=/g,
    /\bread -r((?: fx_\w+)+)/g,
    /\bfor (fx_\w+)/g,
    ...(name.endsWith(".ts") ? [/(fx_\w+)\(\) ?\{/g] : []),
  );

const readBy = (name: string): Set<string> =>
  name.endsWith(".sh")
    ? namesIn(withoutComments(source(name)), /\$\{?(fx_\w+)/g, /\$\(\((.*?)\)\)/g)
    : new Set();

const files = [...new Set(SHELLS.flat())];
const sets = new Map(files.map((name) => [name, setBy(name)]));
const reads = new Map(files.map((name) => [name, readBy(name)]));

/** The files that set the variable in shells in which another file reads it. Without such a shell: in all shells. */
function writersOf(variable: string): string[] {
  const among = SHELLS.filter((names) => isShared(variable, names));
  const writers = (among.length > 0 ? among : SHELLS).flat().filter((name) => sets.get(name)?.has(variable));
  return [...new Set(writers)].sort();
}

/** Whether one of these files reads the variable without setting it. */
function isShared(variable: string, names: readonly string[]): boolean {
  return names.some((name) => reads.get(name)?.has(variable) && !sets.get(name)?.has(variable));
}

/** The table of variables: who sets each. */
const table = new Map(
  [
    ...source("container/README.md")
      .replace(/^.*^## Variables$/ms, "")
      .matchAll(/^\| (`fx_.*?) \| (.*?) \|/gm),
  ].flatMap(([, variables = "", writers = ""]) =>
    (variables.match(/fx_[\w*]+/g) ?? []).map((name) => [name, writers.match(/[\w-]+\.\w+/g) ?? []] as const),
  ),
);

describe("the README of container/", () => {
  it("names each variable that one file sets and another reads", () => {
    const shared = new Set(
      files
        .flatMap((name) => [...(reads.get(name) ?? [])])
        .filter((variable) => SHELLS.some((names) => isShared(variable, names))),
    );
    expect(shared.size).toBeGreaterThan(80);
    expect([...shared].filter((variable) => !table.has(variable))).toEqual([]);
  });

  it.each([...table])("names all files that set %s, and no other", (variable, writers) => {
    expect(writers.toSorted()).toEqual(writersOf(variable));
  });
});
