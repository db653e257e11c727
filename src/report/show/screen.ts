import type { Random } from "../../clock.ts";
import { type DocsPage, type Log, withPage } from "../../log.ts";
import { Guard } from "./guard.ts";
import { linesOf, type LineWriter, type OutputWriter } from "./lines.ts";
import { BRACKET_COMMAND, harmlessLine, harmlessText } from "./sanitise.ts";

/** The workflow commands that a screen writes. */
export interface Commands {
  readonly isDebug: () => boolean;
  readonly debug: (text: string) => void;
  readonly warning: (text: string, properties: AnnotationProperties) => void;
  readonly notice: (text: string, properties: AnnotationProperties) => void;
  readonly error: (text: string, properties: AnnotationProperties) => void;
  readonly setSecret: (secret: string) => void;
}

/** What the runner shows beside the text of an annotation, and the line of the repository that it is about. */
export interface AnnotationProperties {
  readonly title: string;
  readonly file?: string;
  readonly startLine?: number;
}

export interface ScreenOptions {
  /** Shows bytes, in order. */
  readonly write: LineWriter;
  /** Writes what waits, so that commands, which write by themselves, keep the order. */
  readonly flush: () => void;
  readonly commands: Commands;
  /** The address of `docs/`, with a slash at its end. */
  readonly docs: string;
  readonly random: Pick<Random, "uuid">;
}

/**
 * All that the step shows. It sanitises every line and annotation of the step, so that no caller can forget it. The
 * job's output is shown under the guard.
 *
 * A group is two lines of the log, `##[group]` and `##[endgroup]`: the runner writes them itself for its commands of
 * these names (actions/runner, `GroupingCommandExtension`), and the log's viewer folds what is between them. While
 * the guard is up the runner passes them on as they are, so the guard is never lifted for a group. A group with no
 * line in it is not shown.
 */
export class Screen implements Log {
  readonly #options: ScreenOptions;
  readonly #guard: Guard;
  /** True when the runner has to obey the commands of the log in what the job prints. */
  #obeyed = false;
  /** True when the lines of the step stand under the guard, too. After an annotation it goes up with the next line. */
  #guarded = false;
  /** The title of the phase, whose group is opened by its first line. */
  #phase: string | undefined;
  #grouped = false;
  /** What `warnOnce` has shown. */
  readonly #warned = new Set<string>();

  constructor(options: ScreenOptions) {
    this.#options = options;
    this.#guard = new Guard((line) => this.#write(line), options.random);
  }

  /**
   * Puts the guard up. To be called before any text of AWS or a container is shown. With `workflowCommands` it is taken down for
   * each line of a job that is a command of the log.
   */
  open({ workflowCommands }: { readonly workflowCommands: boolean }): void {
    this.#obeyed = workflowCommands;
    this.#guarded = true;
    this.#raise();
  }

  /** Takes the guard down. To be called after the last text of a job, a container or AWS. */
  close(): void {
    if (this.#guard.isUp) this.#openGroup();
    this.#guard.down();
    this.#obeyed = false;
    this.#guarded = false;
  }

  info(line: string): void {
    this.#line(harmlessLine(line));
  }

  phase(title?: string): void {
    this.#endGroup();
    this.#phase = title;
  }

  fold(title: string, line: string): void {
    this.phase();
    this.#guard.up();
    this.#write(`${GROUP}${harmlessLine(title)}`);
    this.#write(harmlessLine(line));
    this.#write(END_OF_GROUP);
  }

  /** A debug line is invisible unless debug logging is on, but lifting the guard for it would show in every log. */
  debug(text: string): void {
    const { commands } = this.#options;
    if (commands.isDebug()) this.command(() => commands.debug(harmlessText(text)));
  }

  warning(text: string, page?: DocsPage): void {
    const { commands, docs } = this.#options;
    this.#annotate(() => commands.warning(harmlessText(withPage(text, page, docs)), { title: TITLE }));
  }

  warnOnce(text: string, page?: DocsPage): void {
    if (this.#warned.has(text)) return;
    this.#warned.add(text);
    this.warning(text, page);
  }

  notice(text: string, page?: DocsPage): void {
    const { commands, docs } = this.#options;
    this.#annotate(() => commands.notice(harmlessText(withPage(text, page, docs)), { title: TITLE }));
  }

  error(text: string, { title, file, startLine }: AnnotationProperties): void {
    const place = {
      ...(file !== undefined && { file: harmlessLine(file) }),
      ...(startLine !== undefined && { startLine }),
    };
    this.#annotate(() =>
      this.#options.commands.error(harmlessText(text), { title: harmlessLine(title), ...place }),
    );
  }

  /** The runner masks these secrets from now on: each as a whole, and each of its lines. */
  mask(secrets: readonly string[]): void {
    const all = secrets.flatMap((secret) => [secret, ...secret.split(/\r?\n/)]);
    const parts = [...new Set(all)].filter((part) => part.trim() !== "");
    if (parts.length > 0) this.command(() => parts.forEach(this.#options.commands.setSecret));
  }

  /** Calls `say`, which writes commands, with the guard down for as long as it takes. */
  command(say: () => void): void {
    this.#guard.whileDown(() => {
      this.#options.flush();
      say();
    });
  }

  /** A writer for lines of a job. Each line is shown behind the label, if there is one. */
  writer(label = ""): OutputWriter {
    const prefix = Buffer.from(label);
    return ({ bytes }) => {
      const mayCommand = this.#obeyed && bytes.includes("::");
      if (label === "" && !mayCommand) this.#show(bytes, LF);
      else for (const line of linesOf(bytes)) this.#showLine(line, prefix, mayCommand);
    };
  }

  #showLine(line: Buffer, prefix: Buffer, mayCommand: boolean): void {
    if (mayCommand && isLogCommand(line)) {
      this.phase();
      this.#guard.down();
      this.#options.write(line, LF);
    } else this.#show(prefix, labelParts(line, prefix), LF);
  }

  #show(...pieces: Buffer[]): void {
    if (this.#phase !== undefined) this.phase();
    this.#guard.up();
    this.#options.write(...pieces.map(harmlessOutput));
  }

  /** Ends the group and takes the guard down for an annotation. Both come back only with a further line. */
  #annotate(say: () => void): void {
    this.#endGroup();
    this.#guard.down();
    this.#options.flush();
    say();
  }

  #raise(): void {
    if (!this.#guarded || this.#guard.isUp) return;
    // With debug logging the runner echoes the commands that it obeys, and would show the group twice.
    if (!this.#options.commands.isDebug()) this.#openGroup();
    this.#guard.up();
  }

  /** Shows a line of the step's own, which is harmless, in the group of the phase. */
  #line(line: string): void {
    this.#raise();
    this.#openGroup();
    this.#write(line);
  }

  #openGroup(): void {
    if (this.#phase === undefined || this.#grouped) return;
    this.#grouped = true;
    this.#write(`${GROUP}${harmlessLine(this.#phase)}`);
  }

  #endGroup(): void {
    if (!this.#grouped) return;
    this.#grouped = false;
    this.#write(END_OF_GROUP);
  }

  #write(line: string): void {
    this.#options.write(Buffer.from(`${line}\n`));
  }
}

/** The title of annotations that are not errors. */
const TITLE = "fargate-exec";
const GROUP = "##[group]";
const END_OF_GROUP = "##[endgroup]";
const LF = Buffer.from("\n");
const CR = "\r";

/**
 * Whether the line is a workflow command that only changes what the log shows. A job must not have any other: `save-state` would
 * write into the step's ledger, `set-output` and `add-path` reach later steps, `stop-commands` takes the step's masks away. What the runner
 * would read as a second line, behind a CR, is none.
 */
function isLogCommand(line: Buffer): boolean {
  const cr = line.indexOf(CR);
  return (cr < 0 || cr === line.length - 1) && LOG_COMMAND.test(line.toString("latin1"));
}

const LOG_COMMAND = /^[ \t]*::(?:error|warning|notice|debug|group|endgroup|add-mask)(?: .*?)?::/i;

/** The line with the label before each part that the runner shows as a line: it also ends one at a CR. */
function labelParts(line: Buffer, label: Buffer): Buffer {
  if (label.length === 0 || !line.includes(CR)) return line;
  const parts = line.toString("latin1").split(/\r(?!$)/);
  return Buffer.from(parts.join(CR + label.toString("latin1")), "latin1");
}

/** A terminal shows nothing for it. A line that begins with it does not begin with `##[`. */
const COLOUR_RESET = "\x1b[0m";

/**
 * The job's output, to be shown while the guard is up. The runner obeys no command then, but the log viewer still
 * reads `##[group]`, `##[error]` and the like at the beginning of a line. The runner also ends a line at a CR.
 */
export function harmlessOutput(lines: Buffer): Buffer {
  if (!lines.includes(BRACKET_COMMAND)) return lines;
  return Buffer.from(
    lines.toString("latin1").replace(/(^|[\r\n])##\[/g, `$1${COLOUR_RESET}${BRACKET_COMMAND}`),
    "latin1",
  );
}
