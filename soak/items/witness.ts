import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { createInterface } from "node:readline";

/** One run of an item, as the item itself has told it. */
export interface Run {
  readonly index: number;
  readonly attempt: number;
  readonly hostname: string;
  /** Milliseconds since the epoch. */
  readonly began: number;
  ended?: number;
}

/** Hears from the items themselves, by the loopback interface that containers share with this machine, when each begins and ends. */
export class Witness {
  readonly runs: Run[] = [];
  ends = 0;
  onEnd: (run: Run) => void = () => undefined;
  onLine: (line: string) => void = () => undefined;
  readonly #server = createServer((socket) => {
    let run: Run | undefined;
    socket.on("close", () => {
      if (run?.ended === undefined && run) this.onLine(`gone ${run.index} ${run.hostname}`);
    });
    socket.on("error", () => undefined); // The task was killed.
    createInterface({ input: socket }).on("line", (line) => {
      this.onLine(run === undefined ? line : `${line} ${run.index} ${run.hostname}`);
      const [word, index, attempt, hostname = ""] = line.split(" ");
      if (word === "begin") {
        run = { index: Number(index), attempt: Number(attempt), hostname, began: Date.now() };
        this.runs.push(run);
      } else if (word === "end" && run !== undefined) {
        run.ended = Date.now();
        this.ends += 1;
        this.onEnd(run);
      }
    });
  });

  static async start(): Promise<Witness> {
    const witness = new Witness();
    witness.#server.listen(0, "127.0.0.1");
    await once(witness.#server, "listening");
    return witness;
  }

  /** A script for bash. An item is `NAME SECONDS`, and sleeps for so long. */
  get script(): string {
    const { port } = this.#server.address() as AddressInfo;
    return [
      `exec 3>/dev/tcp/127.0.0.1/${port}`,
      'echo "begin $FARGATE_EXEC_ITEM_INDEX $FARGATE_EXEC_ITEM_ATTEMPT $(hostname)" >&3',
      'sleep "${FARGATE_EXEC_ITEM#* }"',
      "echo end >&3",
    ].join("\n");
  }

  stop(): void {
    this.#server.close();
  }
}

export function groupBy<T, K>(all: readonly T[], keyOf: (one: T) => K): ReadonlyMap<K, readonly T[]> {
  const groups = new Map<K, T[]>();
  for (const one of all) {
    const key = keyOf(one);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return groups;
}
