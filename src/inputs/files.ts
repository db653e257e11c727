import { posix } from "node:path";
import type { FileSelection, FileSelections } from "./inputs.ts";
import { jsonObject, lines, type ParseResult, quoteValue } from "./parse.ts";

/** The container's lists of paths have a path a line. */
const CONTROL = /\p{Cc}/u;
/** A longer list comes from a program, which can name a directory instead. */
const MOST_LINES = 1000;

/**
 * The lines of `files`: GLOB, GLOB=DESTINATION, or !GLOB. Globs may hold commas, so only line ends separate them. A program also gives an object
 * of destinations by their paths, as JSON.
 */
export function fileSelections(text: string): ParseResult<FileSelections> {
  if (text.startsWith('{"')) return pathSelections(text);
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
  const destination = containerPath(line.slice(equals + 1).trim());
  if (destination !== undefined) return { value: { pattern: glob.value, destination } };
  return {
    must: "GLOB=DESTINATION, with a path of the container without .. and without control characters behind the last =, such as dist/**=/srv/static",
    got: quoteValue(line),
    advice: "In a name that has an = itself, write a ? for it.",
  };
}

/** Destinations by their paths. Neither has a control character. */
function pathSelections(text: string): ParseResult<FileSelections> {
  const selections: FileSelection[] = [];
  const wrong = { must: PATHS, got: quoteValue(text) };
  const parsed = jsonObject(text);
  if (!("value" in parsed)) return wrong;
  for (const [path, given] of Object.entries(parsed.value)) {
    const destination = typeof given === "string" ? containerPath(given) : undefined;
    const isPath =
      path !== "" && !path.startsWith("/") && !path.split("/").includes("..") && !CONTROL.test(path);
    if (!isPath || destination === undefined) return wrong;
    selections.push({ pattern: posix.normalize(path).replace(/\/$/, ""), isPath: true, destination });
  }
  return { value: { selections, exclusions: [] } };
}

const PATHS =
  'lines, or a JSON object of destinations by their paths, without a leading /, without .. and without control characters, such as {"a b.txt": "/srv/"}';

/** A destination in the container, normalised; undefined when it is none. A dot at its end is the directory itself. */
function containerPath(text: string): string | undefined {
  if (text === "" || text.split("/").includes("..") || CONTROL.test(text)) return undefined;
  return posix.normalize(text.replace(/(^|\/)\.$/, "$1./"));
}

function pattern(text: string): ParseResult<string> {
  const path = posix.normalize(text);
  const isGlob = text !== "" && !text.includes("\\") && !CONTROL.test(text);
  if (isGlob && !path.startsWith("/") && !path.split(/[/{},]/).includes(".."))
    return { value: path.replace(/\/$/, "") };
  return {
    must: "globs of the workspace, one a line, without a leading /, without .., without \\ and without control characters, such as config/**/*.yml",
    got: quoteValue(text),
    advice:
      "A ? in a glob stands for any one character. A file outside the workspace has to be copied into it.",
  };
}
