import { readGlob } from "./artifact-globs.ts";
import type { InputReader } from "./input-reader.ts";
import { hasItems } from "./items.ts";
import { lines, type ParseResult, quoteValue } from "./parse.ts";

/** A limit, because each line means a search through the artifacts of each task. */
const MOST_LINES = 100;

/** The globs of `reports`; undefined when there are none. Refuses `reports` when nothing is brought back: neither artifacts nor what items write. */
export function readReportGlobs(reader: InputReader): readonly string[] | undefined {
  const globs = reader.optional("reports", reportGlobs);
  if (!reader.isGiven("reports") || reader.isGiven("artifacts") || hasItems(reader)) return globs;
  reader.refuse(
    "reports",
    "left out without 'artifacts' or 'items'",
    quoteValue(reader.text("reports")),
    "Name the report files in 'artifacts', too: reports are read from what is brought back.",
  );
  return undefined;
}

/** The lines of `reports`. Globs may hold commas, so only line ends separate them. */
export function reportGlobs(text: string): ParseResult<readonly string[]> {
  const given = lines(text)
    .map((line) => line.trim())
    .filter((line) => line !== "");
  if (given.length > MOST_LINES) return { must: `${MOST_LINES} lines at most`, got: `${given.length}` };
  const globs: string[] = [];
  for (const line of given) {
    const answer = /^[/!]/.test(line)
      ? { ...OF_ARTIFACTS, got: quoteValue(line) }
      : readGlob(line, OF_ARTIFACTS);
    if (!("value" in answer)) return answer;
    globs.push(answer.value);
  }
  return { value: globs };
}

const OF_ARTIFACTS = {
  must: "globs of the artifacts, one a line, without a leading / or !, without .. and without \\, such as reports/**/*.xml",
  advice:
    "They are relative to 'artifacts-path', where /tmp/reports/a.xml of the container is tmp/reports/a.xml. ** stands for any number of directories, as a whole name.",
};
