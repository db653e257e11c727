import { createHash } from "node:crypto";
import {
  forwardPy,
  inlinePython,
  PARENT_DIRECTORIES,
  shellLaunchSource,
  shellSource,
  shortenSource,
} from "./container-source.ts";
import type { ProgramTarget } from "./forward.ts";
import { escapedLines, typeLines } from "./input.ts";
import { settings } from "./job-text.ts";
import { doubleQuote, quote } from "./quote.ts";

/** The shell that a session opens. */
export interface ShellOptions {
  /** The program and its arguments; empty for bash where the image has it, else sh. */
  readonly words: readonly string[];
  /** The run whose job has the variables and the directory; undefined for those that a kept task has, if any. */
  readonly run: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly workingDirectory: string | undefined;
  /** The type of the user's terminal. */
  readonly term: string;
}

/** The most bytes of variables: they are one variable of the process that sets them, and Linux takes 128 KiB (execve(2)). */
export const MOST_GIVEN_BYTES = 120_000;
/** The type of a terminal, as terminfo names it. */
const TERM = /^[A-Za-z0-9][\w.+-]{0,63}$/;
const USUAL_TERM = "xterm-256color";

/**
 * The `command` of ExecuteCommand for a session of a shell. `isPlain`: the terminal of the session is the shell's, also where a relay could
 * keep one. It holds no secret.
 */
export function shellCommand(
  { run }: Pick<ShellOptions, "run">,
  { isPlain }: { readonly isPlain: boolean },
): string {
  const script = [
    `fx_sha=${createHash("sha256").update(forwardPy()).digest("hex")} fx_run=${quote(run ?? "")} fx_plain=${isPlain ? 1 : ""}`,
    `fx_start=${quote(inlinePython("forward_start.py"))}`,
    `fx_dirs=${doubleQuote(PARENT_DIRECTORIES.join(" "))}`,
    "set +x",
    shortenSource(shellSource()),
  ].join("\n");
  return `/bin/sh -c ${quote(script)}`;
}

/** The program for a relay. */
export function shellProgram(options: ShellOptions): Pick<ProgramTarget, "words" | "env"> {
  return {
    words: ["/bin/sh", "-c", shellLaunchSource(), "sh", ...options.words],
    env: { ...variablesOf(options) },
  };
}

/** What is typed where the session's terminal is the shell's. Its end is told by a mark with this nonce. */
export function typedShell(options: ShellOptions, nonce: string): Buffer {
  const variables = Object.entries(variablesOf(options)).map(
    ([name, value]) => `export ${name}=${quote(value)}`,
  );
  const words = [shellLaunchSource(), "sh", ...options.words].map(quote).join(" ");
  const text = [`fx_nonce=${nonce}`, ...variables, "fx_shell() {", `/bin/sh -c ${words}`, "}"].join("\n");
  return typeLines([...escapedLines(Buffer.from(text)), "."]);
}

/** The variables of shell_launch.sh, but for fx_about. */
function variablesOf({ run, env, workingDirectory, term }: ShellOptions): Readonly<Record<string, string>> {
  return {
    fx_wanted: run ?? "",
    fx_given: settings(env),
    fx_workdir: workingDirectory ?? "",
    fx_term: TERM.test(term) ? term : USUAL_TERM,
  };
}
