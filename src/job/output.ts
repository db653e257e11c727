import { Printer } from "../show/printer.ts";
import { Extractor, type OutputItem } from "../stream/extract.ts";
import type { JobContext } from "./context.ts";

/** The output of one job: what its carriers bring is extracted, shown and kept. */
export class JobOutput {
  /** Reads the live sessions. */
  readonly extractor: Extractor;
  /** For a log that is read from its beginning. */
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

  /** Shows what a session has brought, unless the output is to come from a log. */
  showLive = (shown: OutputItem): void => {
    if (this.#isLive) this.show(shown);
  };

  show = (shown: OutputItem): void => this.#printer.print(shown);

  /** The job's standard output, when no more of it comes. */
  end(): string {
    this.#printer.end();
    return this.#printer.stdout;
  }
}
