import { EOL } from "node:os";
// Imported by its path, since the package's entry brings a second HTTP library. If a release moves the file, type check and build fail.
import { toCommandProperties } from "../../../node_modules/@actions/core/lib/utils.js";
import type { Random } from "../../clock.ts";
import type { Commands } from "../../report/show/screen.ts";

// `@actions/core` writes the same lines, but to this process's own standard output, and reads this process's own environment. Several
// runners could not be in one process. So only what it does without them is used.

type Properties = Readonly<Record<string, string | number | undefined>>;

/** Writes a workflow command (docs.github.com, "Workflow commands for GitHub Actions"). */
export type WriteCommand = (name: string, properties: Properties, message: string) => void;

export function commandWriter(write: (text: string) => void): WriteCommand {
  return (name, properties, message) => write(commandLine(name, properties, message) + EOL);
}

/** The commands that show text, and the one that masks it. */
export function makeCommands(command: WriteCommand, env: NodeJS.ProcessEnv): Commands {
  return {
    isDebug: () => env["RUNNER_DEBUG"] === "1",
    debug: (text) => command("debug", {}, text),
    warning: (text, properties) => command("warning", toCommandProperties(properties), text),
    notice: (text, properties) => command("notice", toCommandProperties(properties), text),
    error: (text, properties) => command("error", toCommandProperties(properties), text),
    setSecret: (secret) => command("add-mask", {}, secret),
  };
}

/** The escapes are the runner's (actions/runner, `ActionCommand`). */
function commandLine(name: string, properties: Properties, message: string): string {
  const pairs = Object.entries(properties).flatMap(([key, value]) =>
    value === undefined || value === "" ? [] : [`${key}=${escapeProperty(String(value))}`],
  );
  return `::${name}${pairs.length > 0 ? ` ${pairs.join(",")}` : ""}::${escapeData(message)}`;
}

function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

/** A name and its value in a file of the runner. The value may have any lines, since the delimiter can't be guessed. */
export function fileEntry(name: string, value: string, random: Random): string {
  const delimiter = `ghadelimiter_${random.uuid()}`;
  return [`${name}<<${delimiter}`, value, delimiter, ""].join(EOL);
}
