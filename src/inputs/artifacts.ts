import { posix, resolve } from "node:path";
import { isInside } from "../beneath/inside.ts";
import { containerGlob, regExpOf } from "./container-glob.ts";
import type { ArtifactGlob, Artifacts } from "./inputs.ts";
import type { InputReader } from "./input-reader.ts";
import { count, lines, oneOf, type ParseResult, quoteValue, size } from "./parse.ts";

/** A longer list comes from a program, which can name a directory instead. */
const MOST_LINES = 200;
const MOST_FILES = 10_000;
const MOST_BYTES = 1024 * 1024 * 1024;
/** The default directory, below the workspace. */
const DIRECTORY = "artifacts";

/** The inputs of the artifacts; undefined when none are asked for. */
export function readArtifacts(reader: InputReader): Artifacts | undefined {
  const globs = reader.optional("artifacts", artifactGlobs);
  const options = readArtifactOptions(reader);
  if (reader.isGiven("artifacts")) return globs && { globs, ...options };
  for (const name of ["artifacts-path", "artifacts-max-count", "artifacts-max-size"] as const)
    if (reader.isGiven(name)) refuseAlone(reader, name);
  if (reader.isGiven("artifacts-missing") && reader.text("artifacts-missing") !== "warn")
    refuseAlone(reader, "artifacts-missing");
  return undefined;
}

/** The options for artifacts, without the globs. For a step that follows a running job, the handle says whether there are artifacts. */
export function readArtifactOptions(reader: InputReader): Omit<Artifacts, "globs"> {
  return {
    directory: readDirectory(reader),
    within: [reader.source.workspace, ...reader.source.directories],
    maxCount: reader.orElse("artifacts-max-count", count(1, 1_000_000), MOST_FILES),
    maxBytes: reader.orElse("artifacts-max-size", size, MOST_BYTES),
    missing: reader.orElse("artifacts-missing", oneOf("warn", "error", "ignore"), "warn"),
  };
}

function refuseAlone(
  reader: InputReader,
  name: "artifacts-path" | "artifacts-max-count" | "artifacts-max-size" | "artifacts-missing",
): void {
  reader.refuse(
    name,
    "left out without 'artifacts'",
    quoteValue(reader.text(name)),
    "Name the files that are to be brought back in 'artifacts'.",
  );
}

function readDirectory(reader: InputReader): string {
  const { source } = reader;
  const given = reader.text("artifacts-path") || DIRECTORY;
  const absolute = resolve(source.workspace, given);
  if (!source.directories.some((directory) => isInside(directory, absolute)))
    reader.refuse(
      "artifacts-path",
      "a directory inside the workspace or RUNNER_TEMP",
      `${quoteValue(given)}, which is inside neither`,
      "Leave it out: the default is the directory 'artifacts' of the workspace.",
    );
  return absolute;
}

/** The lines of `artifacts`: GLOB or !GLOB. Globs may hold commas, so only line ends separate them. */
export function artifactGlobs(text: string): ParseResult<readonly ArtifactGlob[]> {
  const given = lines(text)
    .map((line) => line.trim())
    .filter((line) => line !== "");
  if (given.length > MOST_LINES) return { must: `${MOST_LINES} lines at most`, got: `${given.length}` };
  const globs: ArtifactGlob[] = [];
  for (const line of given) {
    const isExclusion = line.startsWith("!");
    const answer = glob(isExclusion ? line.slice(1).trim() : line);
    if (!("value" in answer)) return answer;
    globs.push({ pattern: answer.value, isExclusion });
  }
  if (globs.every(({ isExclusion }) => isExclusion))
    return { must: "a glob that brings files back, beside those that leave some out", got: quoteValue(text) };
  return { value: globs };
}

const PRINTABLE = /^[^\p{Cc}]+$/u;
/** Python and awk read this differently, or as plain text. */
const UNLIKE = /\{[^}/]*,[^}]*\}|\[[!^]?\[[:.=]/;

function glob(text: string): ParseResult<string> {
  const pattern = posix.normalize(text).replace(/(?<=.)\/$/, "");
  const isGood =
    PRINTABLE.test(text) &&
    !text.includes("\\") &&
    pattern !== "/" &&
    !pattern.split("/").includes("..") &&
    pattern.split("/").every((name) => name === "**" || !name.includes("**"));
  if (isGood && UNLIKE.test(pattern))
    return {
      must: "globs with the wildcards *, ?, [a-z] and **",
      got: quoteValue(text),
      advice: "Give {a,b} a line for each, and write [[:digit:]] as [0-9].",
    };
  if (isGood && !isExpression(pattern))
    return { must: "globs whose ranges run upwards, such as [a-z]", got: quoteValue(text) };
  if (isGood) return { value: pattern };
  return {
    must: "globs of the container, one a line, without .. and without \\, such as build/**/*.xml",
    got: quoteValue(text),
    advice: "** stands for any number of directories, as a whole name; ? for any one character.",
  };
}

function isExpression(pattern: string): boolean {
  try {
    regExpOf(containerGlob({ pattern, isExclusion: false }));
    return true;
  } catch {
    return false;
  }
}
