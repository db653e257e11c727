import { deferred } from "./deferred.ts";
import { type Command, type ExitReport, FIRST_READ_MS, type PtyEvents } from "./pty.ts";
import { mark, type ScriptedContainer } from "./scripted-container.ts";
import type { StartTerminal, Terminal } from "./terminal.ts";

/** How often an attacher that has nothing to send sends a sign of life. */
const ALIVE_EVERY_MS = 30_000;
/** How long an attacher waits for the reader to confirm the end of the job. */
const TAKEN_WITHIN_MS = 5_000;

/** Starts the terminals of a container without processes. Their output is that of the payload's attachers once these have fetched the payload. */
export function scriptedTerminal(container: ScriptedContainer): StartTerminal {
  return (_, command, events) => Promise.resolve(new ScriptedTerminal(container, command, events));
}

/** The input that an attacher waits for. */
type AwaitedInput = "nonce" | "secrets" | "lines";

class ScriptedTerminal implements Terminal {
  readonly #container: ScriptedContainer;
  readonly #events: PtyEvents;
  readonly #ended = deferred<ExitReport>();
  readonly #timers: NodeJS.Timeout[] = [];
  #awaited: AwaitedInput = "nonce";
  #typed = "";
  #nonce = "";
  /** The byte of the spool to go on from. */
  #at: number;
  #isEndShown = false;
  #unlisten: () => void = () => undefined;

  constructor(container: ScriptedContainer, { argv, firstRead = FIRST_READ_MS }: Command, events: PtyEvents) {
    this.#container = container;
    this.#events = events;
    this.#at = Number(/\bfx_at=(\d+)/.exec(argv.join(" "))?.[1] ?? 0);
    // The agent sleeps before its first read.
    this.#after(firstRead, () => this.#print(`${mark("open")}\n${mark("ready")}\n`));
  }

  write(bytes: Uint8Array): Promise<void> {
    this.#typed += Buffer.from(bytes).toString("latin1");
    for (let end = this.#typed.indexOf("\n"); end >= 0; end = this.#typed.indexOf("\n")) {
      const line = this.#typed.slice(0, end);
      this.#typed = this.#typed.slice(end + 1);
      this.#take(line);
    }
    return Promise.resolve();
  }

  resize(): void {
    // The job's lines do not depend on the size.
  }

  pause(): void {
    // The output is short, so the agent keeps it until the gateway lets it go on.
  }

  resume(): void {
    // `pause` changes nothing, so there is nothing to undo.
  }

  wait(): Promise<ExitReport> {
    return this.#ended.promise;
  }

  kill(): Promise<ExitReport> {
    this.#close();
    return this.#ended.promise;
  }

  abandon(): Promise<void> {
    this.#close();
    return Promise.resolve();
  }

  #take(line: string): void {
    switch (this.#awaited) {
      case "nonce":
        this.#nonce = line.split(" ")[0] ?? "";
        this.#awaited = "secrets";
        return;
      case "secrets":
        if (line === ".") this.#attach();
        return;
      case "lines":
        if (line === "cancel") this.#container.cancel();
        if (line === "taken" && this.#isEndShown) this.#end();
    }
  }

  #attach(): void {
    this.#awaited = "lines";
    this.#container.begin();
    this.#mark(`@${this.#at}`, "\n");
    this.#unlisten = this.#container.onChange(() => this.#show());
    this.#timers.push(setInterval(() => this.#mark(`~ ${this.#at}`), ALIVE_EVERY_MS));
    this.#show();
  }

  /** Sends the new bytes of the spool, then the end of the job if it has ended. */
  #show(): void {
    const text = this.#container.spool(this.#at);
    this.#print(text);
    this.#at += text.length;
    const { status } = this.#container;
    if (status === undefined || this.#isEndShown) return;
    this.#isEndShown = true;
    this.#mark(`. ${this.#at} ${status}`, "\n");
    this.#after(TAKEN_WITHIN_MS, () => this.#end());
  }

  #mark(text: string, end = ""): void {
    this.#print(mark(`${this.#nonce};${text}`) + end);
  }

  #print(text: string): void {
    if (text !== "") this.#events.output(Buffer.from(text, "latin1"));
  }

  #end(): void {
    this.#close();
    this.#events.ended();
  }

  #close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#unlisten();
    this.#ended.resolve({ status: 0, stderr: "" });
  }

  #after(ms: number, what: () => void): void {
    this.#timers.push(setTimeout(what, ms));
  }
}
