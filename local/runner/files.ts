import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Console } from "./console.ts";
import type { Masker } from "./masker.ts";

/** The files by which one process tells the runner its outputs, state and variables (`FileCommandManager.cs`). */
export interface FileCommands {
  readonly environment: Readonly<Record<string, string>>;
  /** Reads the files that the process wrote. A malformed file fails the step. */
  collect(console: Console, masker: Masker): Promise<CollectedFiles>;
}

export interface CollectedFiles {
  readonly outputs: Map<string, string>;
  readonly state: Map<string, string>;
  readonly env: Map<string, string>;
  readonly path: readonly string[];
  /** Markdown, masked. */
  readonly summary: string;
}

const largestSummary = 1024 * 1024;

export async function createFileCommands(directory: string, suffix: string): Promise<FileCommands> {
  const file = (prefix: string): string => join(directory, `${prefix}_${suffix}`);
  const files = {
    output: file("set_output"),
    state: file("save_state"),
    env: file("set_env"),
    path: file("add_path"),
    step_summary: file("step_summary"),
  };
  for (const path of Object.values(files)) await writeFile(path, "");

  return {
    environment: Object.fromEntries(
      Object.entries(files).map(([name, path]) => [`GITHUB_${name.toUpperCase()}`, path]),
    ),
    async collect(console, masker) {
      const pairs = async (name: "output" | "state" | "env"): Promise<Map<string, string>> => {
        const found = new Map<string, string>();
        try {
          for (const [key, value] of parseFileCommands(await textOf(files[name]))) found.set(key, value);
        } catch (error) {
          console.fail(`file command '${name}'`, error instanceof Error ? error.message : String(error));
        }
        return found;
      };
      const env = await pairs("env");
      for (const name of env.keys()) {
        if (name.toUpperCase() !== "NODE_OPTIONS") continue;
        console.annotate("error", `Can't store ${name} output parameter using '$GITHUB_ENV' command.`);
        env.delete(name);
      }
      return {
        env,
        state: await pairs("state"),
        outputs: await pairs("output"),
        path: (await textOf(files.path)).split(/\r?\n/).filter((line) => line !== ""),
        summary: summaryOf(await textOf(files.step_summary), console, masker),
      };
    },
  };
}

/**
 * The pairs in a file: `NAME=value` lines, and values of several lines between `NAME<<DELIMITER` and `DELIMITER`. Throws at a
 * malformed line, after it has given the pairs before it.
 */
export function* parseFileCommands(text: string): Generator<[name: string, value: string]> {
  const lines = text.split("\n");
  // The text after the last line feed is a line only if it is not empty.
  const lastIsCut = lines.at(-1) !== "";
  if (!lastIsCut) lines.pop();
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    if (line === "") continue;
    const [, name = "", sign, rest = ""] = /^([^]*?)(=|<<)([^]*)$/.exec(line) ?? [];
    if (sign === undefined) throw new Error(`Invalid format '${line}'`);
    if (sign === "=") {
      yield [name, rest];
      continue;
    }
    if (name === "" || rest === "") {
      throw new Error(`Invalid format '${line}'. Name must not be empty and delimiter must not be empty`);
    }
    const end = lines.indexOf(rest, at + 1);
    if (end < 0) {
      const why =
        lastIsCut && at + 1 < lines.length
          ? "EOF marker missing new line."
          : `Matching delimiter not found '${rest}'`;
      throw new Error(`Invalid value. ${why}`);
    }
    yield [name, lines.slice(at + 1, end).join("\n")];
    at = end;
  }
}

function summaryOf(text: string, console: Console, masker: Masker): string {
  const size = Buffer.byteLength(text);
  if (size > largestSummary) {
    const got = Math.floor(size / 1024);
    console.annotate(
      "error",
      `$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of 1024k, got ${got}k.`,
    );
    return "";
  }
  return text
    .split("\n")
    .map((line) => masker.mask(line))
    .join("\n");
}

/** The text of a file; empty when the process has deleted it. */
async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  }
}
