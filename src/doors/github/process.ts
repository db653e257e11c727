import { appendFileSync, closeSync, constants, openSync } from "node:fs";
import type { Writable } from "node:stream";
// Imported by its path. The package's entry brings a client of GitHub's whole REST API and a second HTTP library, and its `exports` name
// no smaller part. If a release moves the file, type check and build fail.
import { Context } from "../../../node_modules/@actions/github/lib/context.js";
import type { World } from "../../aws/world.ts";
import { type GetJson, getJson } from "./id-token.ts";
import type { WorkflowContext } from "./workflow.ts";

/** The process in which a runner runs main or post. Several may be in one process of a simulation. */
export interface RunnerProcess {
  readonly world: World;
  /** The working directory. */
  readonly directory: string;
  /** When the process began, in milliseconds since the epoch. */
  readonly began: number;
  readonly stdout: Writable;
  /** The workflow run of the step. Throws when the runner names no repository. */
  readonly context: () => WorkflowContext;
  /** Calls `act` at each SIGINT and SIGTERM, which then do not end the process. */
  readonly onSignal: (act: (signal: "SIGINT" | "SIGTERM") => void) => void;
  /** Ends the process at once. */
  readonly exit: (code: number) => void;
  /** The process is to end with this code, once nothing is left to do. */
  readonly setExitCode: (code: number) => void;
  /** Appends to a file that the runner has made. Throws when it is not there. */
  readonly appendFile: (path: string, text: string) => void;
  /** Asks GitHub's service for ID tokens. */
  readonly getJson: GetJson;
}

/** This process, around which is this world. */
export function thisProcess(world: World): RunnerProcess {
  return {
    world,
    directory: process.cwd(),
    began: performance.timeOrigin,
    stdout: process.stdout,
    context: () => new Context(),
    onSignal: (act) => {
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => act(signal));
    },
    exit: (code) => process.exit(code),
    setExitCode: (code) => {
      process.exitCode = code;
    },
    appendFile: (path, text) => {
      const file = openSync(path, constants.O_WRONLY | constants.O_APPEND);
      try {
        appendFileSync(file, text);
      } finally {
        closeSync(file);
      }
    },
    getJson,
  };
}
