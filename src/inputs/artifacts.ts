import { resolve } from "node:path";
import { isInside } from "./beneath/inside.ts";
import { artifactGlobs } from "./artifact-globs.ts";
import type { ArtifactOptions, Artifacts } from "./inputs.ts";
import type { InputReader } from "./input-reader.ts";
import { hasItems } from "./items.ts";
import { oneOf, quoteValue, size } from "./parse.ts";

/** The runner keeps a name and a fact of each, which the container may forge. */
const MOST_FILES = 10_000;
const MOST_BYTES = 1024 * 1024 * 1024;
/** The default directory, below the workspace. */
const DIRECTORY = "artifacts";

/** The inputs of the artifacts; undefined when none are asked for. Their options are also those of what items write. */
export function readArtifacts(reader: InputReader, options: ArtifactOptions): Artifacts | undefined {
  const globs = reader.optional("artifacts", artifactGlobs);
  if (reader.isGiven("artifacts")) return globs && { globs, ...options };
  if (hasItems(reader)) return undefined;
  for (const name of ["artifacts-path", "artifacts-max-size"] as const)
    if (reader.isGiven(name)) refuseAlone(reader, name);
  if (reader.isGiven("artifacts-missing") && reader.text("artifacts-missing") !== "warn")
    refuseAlone(reader, "artifacts-missing");
  return undefined;
}

/** The options for artifacts, without the globs. A step that follows a running job has the globs of its handle. */
export function readArtifactOptions(reader: InputReader): ArtifactOptions {
  return {
    directory: readDirectory(reader),
    pathsNameHidden: reader.source.pathsNameHidden === true,
    within: [reader.source.workspace, ...reader.source.directories],
    maxCount: MOST_FILES,
    maxBytes: reader.orElse("artifacts-max-size", size, MOST_BYTES),
    missing: reader.orElse("artifacts-missing", oneOf("warn", "error", "ignore"), "warn"),
  };
}

function refuseAlone(
  reader: InputReader,
  name: "artifacts-path" | "artifacts-max-size" | "artifacts-missing",
): void {
  reader.refuse(
    name,
    "left out without 'artifacts' or 'items'",
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
