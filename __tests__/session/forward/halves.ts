import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Link } from "../../../src/session/forward/link.ts";
import { Lines, Seal } from "../../../src/session/forward/packets.ts";
import { type StreamEvent, Streams } from "../../../src/session/forward/streams.ts";
import { PYTHON } from "../../helpers/tools.ts";

/** The key of the tests, which `half.py` has, too. */
export const KEY = Buffer.from(Array.from({ length: 64 }, (_, i) => i));

export interface Step {
  readonly in?: string;
  readonly session?: boolean;
  readonly read?: boolean;
  readonly seconds?: number;
  readonly lines?: number;
}

export interface Answer {
  readonly out: Buffer;
  readonly error: string | null;
  readonly open: number;
  readonly kept: number;
  readonly held: number;
}

/** The container's half, as a process of Python. */
export class ContainerHalf {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  constructor() {
    const container = new URL("../../../src/payload/container/", import.meta.url);
    const files = [
      ...["forward_packets.py", "forward_link.py"].map((name) => new URL(name, container)),
      new URL("half.py", import.meta.url),
    ];
    const program = files.map((file) => readFileSync(file, "utf8")).join("\n");
    this.#child = spawn(PYTHON, ["-Ic", program], { stdio: ["pipe", "pipe", "inherit"] });
    if (this.#child.stdout === null) throw new Error("no pipe");
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async step(step: Step): Promise<Answer> {
    this.#child.stdin?.write(`${JSON.stringify(step)}\n`);
    const { value } = (await this.#answers.next()) as { value: string };
    const answer = JSON.parse(value) as Answer & { readonly out: unknown };
    return { ...answer, out: Buffer.from(String(answer.out), "base64") };
  }

  end(): void {
    this.#child.stdin?.end();
    this.#child.kill();
  }
}

/** The runner's half. */
export class RunnerHalf {
  readonly link = new Link(new Seal(KEY, "r"));
  readonly streams = new Streams(this.link);
  #lines = new Lines();

  begin(): void {
    this.#lines = new Lines();
    this.link.begin();
  }

  /** Takes bytes of the container, and returns what they mean. */
  receive(bytes: Uint8Array, now: number): readonly StreamEvent[] {
    for (const line of this.#lines.cut(bytes)) this.streams.receive(line, now);
    return this.streams.takeEvents();
  }

  /** All that is to be written now. */
  written(now: number): Buffer {
    this.link.tick(now);
    const lines: Buffer[] = [];
    for (let line = this.link.take(); line !== undefined; line = this.link.take()) lines.push(line);
    return Buffer.concat(lines);
  }
}
