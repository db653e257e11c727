import { posix } from "node:path";
import { type ArtifactGlob, containerGlob, regExpOf } from "./container-glob.ts";
import { lines, type ParseResult, quoteValue } from "./parse.ts";

/** A longer list comes from a program, which can name a directory instead. */
const MOST_LINES = 200;

/** The lines of `artifacts`: GLOB or !GLOB. Globs may hold commas, so only line ends separate them. */
export function artifactGlobs(text: string): ParseResult<readonly ArtifactGlob[]> {
  const given = lines(text)
    .map((line) => line.trim())
    .filter((line) => line !== "");
  if (given.length > MOST_LINES) return { must: `${MOST_LINES} lines at most`, got: `${given.length}` };
  const globs: ArtifactGlob[] = [];
  for (const line of given) {
    const isExclusion = line.startsWith("!");
    const answer = readGlob(isExclusion ? line.slice(1).trim() : line, OF_CONTAINER);
    if (!("value" in answer)) return answer;
    globs.push({ pattern: answer.value, isExclusion });
  }
  if (globs.every(({ isExclusion }) => isExclusion))
    return { must: "a glob that brings files back, beside those that leave some out", got: quoteValue(text) };
  return { value: globs };
}

const PRINTABLE = /^[^\p{Cc}]+$/u;
/** Python and awk read this differently, or as plain text. */
const UNLIKE = /\{[^}/]*,[^}]*\}|\[[!^]?\[[:.=]|[?*+@!]\([^)/]*\|[^)]*\)/;

/** The words of a refusal. */
interface Words {
  readonly must: string;
  readonly advice: string;
}

const OF_CONTAINER: Words = {
  must: "globs of the container, one a line, without .. and without \\, such as build/**/*.xml",
  advice: "** stands for any number of directories, as a whole name; ? for any one character.",
};

/** A glob that a `GlobMatcher` and the tools of a container read alike. `words` refuse what is no such path. */
export function readGlob(text: string, words: Words): ParseResult<string> {
  const pattern = posix.normalize(text).replace(/(?<=.)\/$/, "");
  const names = pattern.split("/");
  const isGood =
    PRINTABLE.test(text) &&
    !text.includes("\\") &&
    pattern !== "/" &&
    names.every((name) => name !== ".." && (name === "**" || !name.includes("**")));
  if (!isGood) return { ...words, got: quoteValue(text) };
  if (UNLIKE.test(pattern))
    return {
      must: "globs with the wildcards *, ?, [a-z] and **",
      got: quoteValue(text),
      advice: "Give {a,b} a line for each, and write [[:digit:]] as [0-9].",
    };
  if (!isExpression(pattern))
    return { must: "globs whose ranges run upwards, such as [a-z]", got: quoteValue(text) };
  return { value: pattern };
}

function isExpression(pattern: string): boolean {
  try {
    regExpOf(containerGlob({ pattern, isExclusion: false }));
    return true;
  } catch {
    return false;
  }
}
