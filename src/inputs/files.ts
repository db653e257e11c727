import { posix } from "node:path";
import type { FileSelection, FileSelections } from "./inputs.ts";
import { lines, type ParseResult, quoteValue } from "./parse.ts";

/** A longer list comes from a program, which can name a directory instead. */
const MOST_LINES = 1000;

/** The lines of `files`: GLOB, GLOB=DESTINATION, or !GLOB. Globs may hold commas, so only line ends separate them. */
export function fileSelections(text: string): ParseResult<FileSelections> {
  const given = lines(text)
    .map((line) => line.trim())
    .filter((line) => line !== "");
  if (given.length > MOST_LINES) return { must: `${MOST_LINES} lines at most`, got: `${given.length}` };
  const selections: FileSelection[] = [];
  const exclusions: string[] = [];
  for (const line of given) {
    const answer = line.startsWith("!") ? pattern(line.slice(1).trim()) : selection(line);
    if (!("value" in answer)) return answer;
    if (typeof answer.value === "string") exclusions.push(answer.value);
    else selections.push(answer.value);
  }
  if (selections.length === 0)
    return { must: "a glob that brings files, beside those that leave some out", got: quoteValue(text) };
  return { value: { selections, exclusions } };
}

/** The last `=` separates, because a path in a repository has an `=` more often than a path in a container. */
function selection(line: string): ParseResult<FileSelection> {
  const equals = line.lastIndexOf("=");
  const glob = pattern((equals < 0 ? line : line.slice(0, equals)).trim());
  if (!("value" in glob)) return glob;
  if (equals < 0) return { value: { pattern: glob.value, destination: undefined } };
  // A dot at the end is the directory itself.
  const destination = line
    .slice(equals + 1)
    .trim()
    .replace(/(^|\/)\.$/, "$1./");
  if (destination !== "" && !destination.split("/").includes(".."))
    return { value: { pattern: glob.value, destination: posix.normalize(destination) } };
  return {
    must: "GLOB=DESTINATION, with a path of the container without .. behind the last =, such as dist/**=/srv/static",
    got: quoteValue(line),
    advice: "In a name that has an = itself, write a ? for it.",
  };
}

function pattern(text: string): ParseResult<string> {
  const path = posix.normalize(text);
  if (text !== "" && !text.includes("\\") && !path.startsWith("/") && !path.split(/[/{},]/).includes(".."))
    return { value: path.replace(/\/$/, "") };
  return {
    must: "globs of the workspace, one a line, without a leading /, without .. and without \\, such as config/**/*.yml",
    got: quoteValue(text),
    advice:
      "A ? in a glob stands for any one character. A file outside the workspace has to be copied into it.",
  };
}
