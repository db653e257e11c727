import { Printer } from "../show/printer.ts";
import { Extractor, type OutputItem } from "../stream/extract.ts";
import type { JobContext } from "./context.ts";

/** The output of one job, from all its carriers: extracted, shown, and its end kept for the output `stdout`. */
export class JobOutput {
  /** Extracts from the live sessions. */
  readonly extractor: Extractor;
  /** Makes an extractor for a log that is read from its beginning. */
  readonly fromTheStart: () => Extractor;
  readonly #printer: Printer;
  readonly #isLive: boolean;

  constructor(
    nonce: string,
    workers: number,
    { inputs, write, log }: Pick<JobContext, "inputs" | "write" | "log">,
  ) {
    this.fromTheStart = () => new Extractor(nonce, workers);
    this.extractor = this.fromTheStart();
    this.#printer = new Printer({ write, say: (line) => log.info(line) });
    this.#isLive = inputs.logs === "auto" || inputs.logs === "session";
  }

  /** Shows output of a session, unless `logs` asks for the output of a log. */
  showLive = (shown: OutputItem): void => {
    if (this.#isLive) this.show(shown);
  };

  show = (shown: OutputItem): void => this.#printer.print(shown);

  /** Ends the output. Returns the job's standard output. */
  end(): string {
    this.#printer.end();
    return this.#printer.stdout;
  }
}
