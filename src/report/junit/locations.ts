import { removeSequences } from "../show/sanitise.ts";
import type { TestCase } from "./test-case.ts";

/** A line of a file in the container. */
export interface Location {
  /** Names of directories and of the file, without `.` and `..`. */
  readonly path: readonly string[];
  /** From 1; undefined when only the file is known. */
  readonly line: number | undefined;
  /** True for a path from a root of sources. A file then matches only if its path ends with the whole path. */
  readonly isWhole: boolean;
}

/** The most locations of a failure. */
const MOST_LOCATIONS = 40;
/** The characters of a line that are searched for one. */
const SEARCHED_CHARACTERS = 1_000;
/** The most characters of a path that a report names. Its names are split for each location. */
const LONGEST_PATH = 1_000;

/** A name in brackets between slashes, as routers have it: `app/[id]/page.test.tsx`, `app/(shop)/page.test.tsx`. */
const BRACKETS = String.raw`(?<=\/)(?:\[{1,2}[\w.-]+\]{1,2}|\([\w.-]+\))(?=[/.])`;
/** Any other character of a path. */
const CHARACTER = String.raw`[^\s()"'\x60<>[\]|,;:]`;
/**
 * A path with a suffix, and a line: `tests/test_a.py:12`, `(/app/a.test.js:9:25)`, `File "/app/a.py", line 12`, `in /app/A.cs:line 12`,
 * `in test file a.bats, line 12)`, `A.fs(12,5)`.
 */
const FILE_AND_LINE = new RegExp(
  String.raw`(?:^|[\s("'\x60[<@=])(?:file:\/\/)?((?:${CHARACTER}|${BRACKETS})*(?!\/)${CHARACTER}\.[A-Za-z]\w{0,9})(?::line |:|"?, line |\()(\d{1,7})(?!\d)`,
  "g",
);
/** A path that may have blanks: `File "/app/my tests/a.py", line 12`, `(/app/my tests/a.test.js:9:25)`. */
const DELIMITED = /(?:File "([^"]+)", line |\((?:file:\/\/)?(\/[^:]+):)(\d{1,7})(?!\d)/;
/** A frame of a JVM: the class with its package, the file without. */
const JVM_FRAME =
  /^\s*at (?:[\w.@-]*\/)*([\w.]+\.)[\w$]+\.[\w$<>-]+\((\w+\.(?:java|kt|groovy|scala)):(\d{1,7})\)/;
/** Where dependencies and interpreters have their files. They are no part of the checkout. */
const FOREIGN = new RegExp(
  [
    String.raw`(?:^|\/)(?:node_modules|(?:site|dist)-packages|gems|vendor\/[^/]+\/[^/]+|\.cargo\/(?:registry|git))\/`,
    String.raw`\/(?:lib\/(?:python|pypy|ruby\/)\d[\d.]*|versions\/\d[\w.-]*|pkg\/mod\/.*@v[^/]*)\/`,
    String.raw`^\/(?:usr\/(?:lib|lib64|local\/lib|local\/go|share)|rustc|opt\/java|vendor)\/`,
    String.raw`\/vendor\/(?:phpunit|composer)\/`,
  ].join("|"),
);

/**
 * The lines at which a test may have failed, the best first. The best line of a traceback is the innermost one in the checkout. Python writes
 * the innermost line last, others write it first. The line that the report itself names comes last: it is often where the test begins.
 */
export function locationsOf(test: TestCase): readonly Location[] {
  const { message = "", text = "" } = test.failure ?? {};
  const packageName = (test.classname || test.suite).slice(0, LONGEST_PATH);
  const found = removeSequences(`${message}\n${text}`)
    .split(/\r\n|[\n\r]/)
    .flatMap((line) => locationsIn(line.slice(0, SEARCHED_CHARACTERS), packageName));
  const python = found.filter(({ kind }) => kind === "python").reverse();
  const frames = found.filter(({ kind }) => kind === "frame");
  const others = found.filter(({ kind }) => kind === "other");
  const isNamed = test.file !== undefined && test.file.length <= LONGEST_PATH;
  const named = isNamed ? [locationAt(test.file, test.line)] : [];
  return [...[...python, ...frames, ...others].slice(0, MOST_LOCATIONS), ...named].map(locationOf);
}

interface FoundLocation {
  readonly kind: "python" | "frame" | "other";
  /** Names between slashes. */
  readonly path: string;
  readonly line: number | undefined;
  readonly isWhole: boolean;
}

function locationsIn(line: string, packageName: string): readonly FoundLocation[] {
  const [, packages = "", file, number] = JVM_FRAME.exec(line) ?? [];
  if (file !== undefined) {
    const path = `${packages.replaceAll(".", "/")}${file}`;
    return [{ kind: "frame", path, line: Number(number), isWhole: true }];
  }
  const [, quoted, inParentheses, at] = DELIMITED.exec(line) ?? [];
  const delimited = quoted ?? inParentheses;
  const found =
    delimited === undefined
      ? [...line.matchAll(FILE_AND_LINE)].map(([, path = "", number]) => [path, Number(number)] as const)
      : [[delimited, Number(at)] as const];
  return found.flatMap(([path, number]) => {
    if (FOREIGN.test(path)) return [];
    // Go's tests name the file without its package. The report has the package.
    const isOfGo = path.endsWith(".go") && !path.includes("/");
    const location = locationAt(isOfGo ? `${packageName}/${path}` : path, number);
    const isFrame = /^\s*(?:at|❯|#) /.test(line);
    return [{ ...location, kind: path.endsWith(".py") ? "python" : isFrame ? "frame" : "other" }];
  });
}

function locationAt(path: string, line: number | undefined): FoundLocation {
  return { kind: "other", path, line: line === 0 ? 1 : line, isWhole: false };
}

function locationOf({ path, line, isWhole }: FoundLocation): Location {
  const names = path.split("/").filter((name) => name !== "" && name !== "." && name !== "..");
  return { path: names, line, isWhole };
}
