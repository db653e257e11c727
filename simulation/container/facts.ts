import type { Host } from "../time.ts";
import type { Container } from "./container.ts";
import type { Directory } from "./directory.ts";
import { mark } from "./records.ts";

/** While the spool is full the recorder looks at least so often. */
const HELD_MS = 5_000;

/** The pipe by which the processes of a job tell of its items. The recorder puts each fact into the spool. */
export class Facts {
  readonly #container: Container;
  readonly #directory: Directory;
  readonly #recorder: Host;
  readonly #waiting: { readonly text: string; readonly kept: () => void }[] = [];
  #isRecording = false;

  constructor(container: Container, directory: Directory, recorder: Host) {
    this.#container = container;
    this.#directory = directory;
    this.#recorder = recorder;
  }

  /** Calls `kept` when the recorder takes the fact, right before that is in the spool. */
  tell(text: string, kept: () => void = () => undefined): void {
    this.#waiting.push({ text, kept });
    if (!this.#isRecording) void this.#record();
  }

  /** The recorder takes all that is in the pipe, also when the spool is full. */
  drain(): void {
    if (this.#recorder.isDead) return;
    for (let fact = this.#waiting.shift(); fact !== undefined; fact = this.#waiting.shift()) this.#keep(fact);
  }

  async #record(): Promise<void> {
    this.#isRecording = true;
    const { time } = this.#container.base;
    const { python, pace } = this.#container.options;
    // Without python3 a recorder of their own takes the facts, so that output may come before them or after them.
    await time.sleep(this.#recorder, python === false ? pace : 1);
    while (this.#waiting.length > 0) {
      if (this.#directory.spool.isFull) await this.#directory.news(this.#recorder, HELD_MS);
      else this.#keep(this.#waiting.shift());
    }
    this.#isRecording = false;
  }

  #keep(fact: { readonly text: string; readonly kept: () => void } | undefined): void {
    if (fact === undefined) return;
    fact.kept();
    this.#directory.spool.add(Buffer.from(`${mark("i")}${fact.text}\n`));
  }
}
