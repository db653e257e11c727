import { parseCommand, type Command } from "./command.ts";
import type { Masker } from "./masker.ts";

export interface Annotation {
  readonly level: "error" | "warning" | "notice";
  readonly message: string;
  readonly title?: string;
  readonly file?: string;
  readonly line?: string;
}

// GitHub keeps this many annotations of each level for a step. The log has all of them.
const annotationsKept = 10;
const longestAnnotation = 4096;

const invalidStopToken =
  "You cannot use a endToken that is an empty string, the string 'pause-logging', or another workflow command.";

/**
 * The output of one process of an action, line by line. It carries out commands and logs everything else, by the rules
 * of the runner's `OutputManager.cs`, `ActionCommandManager.cs` and `ExecutionContext.cs`. Problem matchers are added
 * and removed but match nothing.
 */
export class Console {
  /** The log as GitHub shows it. */
  readonly log: string[] = [];
  /** The same lines before masking. */
  readonly rawLog: string[] = [];
  readonly annotations: Annotation[] = [];
  readonly outputs = new Map<string, string>();
  readonly state = new Map<string, string>();
  /** Requests for problem matchers: files to add, owners or files to remove. */
  readonly matchers: string[] = [];
  /** Whether a command could not be carried out. Then the step fails, whatever its exit code. */
  commandFailed = false;

  readonly #masker: Masker;
  readonly #debugging: boolean;
  readonly #onLine: (line: string) => void;
  #echo: boolean;
  #stopToken: string | undefined;

  constructor(options: { masker: Masker; debugging: boolean; onLine: (line: string) => void }) {
    this.#masker = options.masker;
    this.#debugging = options.debugging;
    this.#echo = options.debugging;
    this.#onLine = options.onLine;
  }

  /** Takes a line that the process wrote, to either stream. */
  receive(line: string): void {
    const command = parseCommand(line, (name) => this.#isKnown(name));
    if (command === undefined || !this.#obey(command, line)) {
      // Only the runner itself may write these two markers.
      this.write(
        line
          .replaceAll("##[start-action", "##[\\start-action")
          .replaceAll("##[end-action", "##[\\end-action"),
      );
    }
  }

  /** Logs text of the runner itself, or of the process. */
  write(text: string): void {
    this.#write(text, this.#masker.mask(text));
  }

  #write(text: string, masked: string): void {
    this.rawLog.push(...text.split("\n"));
    for (const line of masked.split("\n")) {
      this.log.push(line);
      this.#onLine(line);
    }
  }

  annotate(
    level: Annotation["level"],
    text: string,
    properties: ReadonlyMap<string, string> = new Map(),
  ): void {
    const shown = ["title", "file", "line"].flatMap((name) => {
      const value = properties.get(name);
      return value === undefined ? [] : [[name, this.#masker.mask(value)] as const];
    });
    const message = this.#masker.mask(text).slice(0, longestAnnotation);
    if (this.annotations.filter((other) => other.level === level).length < annotationsKept) {
      this.annotations.push({
        level,
        message,
        ...Object.fromEntries(shown),
      });
    }
    // Cut after masking, so that no part of a secret is left at the end.
    if (message !== "") this.#write(`##[${level}]${text}`, `##[${level}]${message}`);
  }

  /** Reports a command, or a file command, that could not be carried out. */
  fail(what: string, why: string): void {
    this.annotate("error", `Unable to process ${what} successfully.`);
    this.annotate("error", why);
    this.commandFailed = true;
  }

  debug(text: string): void {
    if (!this.#debugging) return;
    for (const line of text.split(/\r?\n/)) this.write(`##[debug]${line}`);
  }

  #isKnown(name: string): boolean {
    const lower = name.toLowerCase();
    return (
      lower === this.#stopToken?.toLowerCase() ||
      lower === "stop-commands" ||
      Object.hasOwn(this.#commands, lower)
    );
  }

  /** Carries out a command. False when its line must be logged as text. */
  #obey(command: Command, line: string): boolean {
    if (this.#stopToken !== undefined) {
      if (command.name !== this.#stopToken.toLowerCase()) return false;
      this.write(line);
      this.#stopToken = undefined;
      return true;
    }
    if (command.name === "stop-commands") {
      this.#stop(command.data, line);
      return true;
    }
    if (this.#echo && !unechoed.has(command.name)) this.write(line);
    const why = this.#commands[command.name]?.(command);
    if (why !== undefined) this.fail(`command '${unechoed.has(command.name) ? command.name : line}'`, why);
    return true;
  }

  #stop(token: string, line: string): void {
    if (token === "" || token.toLowerCase() === "pause-logging" || this.#isKnown(token)) {
      this.annotate("error", invalidStopToken);
      this.commandFailed = true;
      return;
    }
    this.#stopToken = token;
    if (token.length > 6) this.#masker.addValue(token);
    this.write(line);
  }

  /** For each command, a function that carries it out. It returns why it can't; undefined on success. */
  readonly #commands: Readonly<Record<string, (command: Command) => string | undefined>> = {
    "add-mask": ({ data }) => {
      if (data.trim() !== "") this.#masker.addMask(data);
      else this.annotate("warning", "Can't add secret mask for empty string in ##[add-mask] command.");
      return undefined;
    },
    debug: ({ data }) => {
      this.debug(data);
      return undefined;
    },
    error: (command) => this.#issue("error", command),
    warning: (command) => this.#issue("warning", command),
    notice: (command) => this.#issue("notice", command),
    group: ({ data }) => {
      this.write(`##[group]${data}`);
      return undefined;
    },
    endgroup: () => {
      this.write("##[endgroup]");
      return undefined;
    },
    echo: ({ data }) => {
      const choice = data.trim().toUpperCase();
      if (choice !== "ON" && choice !== "OFF") {
        return `Invalid echo command value. Possible values can be: 'on', 'off'. Current value is: '${data}'.`;
      }
      this.#echo = choice === "ON";
      return undefined;
    },
    "set-output": (command) => this.#set(this.outputs, "set-output", command),
    "save-state": (command) => this.#set(this.state, "save-state", command),
    "set-env": () => disableCommand("set-env"),
    "add-path": () => disableCommand("add-path"),
    "add-matcher": ({ data }) => {
      this.#match(`add ${data}`, data);
      return undefined;
    },
    "remove-matcher": ({ data, properties }) => {
      const owner = properties.get("owner") ?? "";
      this.#match(`remove ${owner}${data}`, owner === "" || data === "" ? owner + data : "");
      return undefined;
    },
  };

  #issue(level: Annotation["level"], { data, properties }: Command): undefined {
    this.annotate(level, data, properties);
  }

  #match(what: string, which: string): void {
    if (which === "") this.annotate("warning", `Problem matchers: '${what}' names none, or two.`);
    else this.matchers.push(what);
  }

  #set(where: Map<string, string>, command: string, { data, properties }: Command): string | undefined {
    const name = properties.get("name");
    if (name === undefined) return `Required field 'name' is missing in ##[${command}] command.`;
    where.set(name, data);
    return undefined;
  }
}

/** Commands that are never echoed, since their data may be a secret or is logged anyway. */
const unechoed = new Set(["add-mask", "debug", "error", "warning", "notice"]);

function disableCommand(command: string): string {
  return `The \`${command}\` command is disabled. Please upgrade to using Environment Files.`;
}
