import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { runnerEnvironment } from "../local/runner/environment.ts";
import { mergeInputs, readManifest } from "../local/runner/manifest.ts";

export const actionDir = resolve(import.meta.dirname, "..");

/** The environment of the main part of a checkout's action. The files that the action writes for the runner are below `root`. */
export async function environment(
  root: string,
  inputs: Record<string, string>,
  checkout = actionDir,
): Promise<Record<string, string>> {
  const given = mergeInputs(
    await readManifest("handle" in inputs ? join(checkout, "attach") : checkout),
    inputs,
  ).inputs;
  const place = {
    temp: root,
    home: root,
    workspace: root,
    eventPath: join(root, "event.json"),
    actionDir: checkout,
  };
  const files = ["OUTPUT", "STATE", "STEP_SUMMARY"].map(
    (name) => [`GITHUB_${name}`, join(root, name)] as const,
  );
  for (const [, path] of files) writeFileSync(path, "");
  return {
    ...runnerEnvironment(place),
    ...Object.fromEntries(files),
    ...Object.fromEntries([...given].map(([name, value]) => [`INPUT_${name.toUpperCase()}`, known(value)])),
  };
}

/** An older checkout's default may name a context that no job has here; then it is empty, as on GitHub. */
function known(value: string): string {
  return /^\$\{\{.*\}\}$/.test(value) ? "" : value;
}
