import { createHash } from "node:crypto";
import type { StreamEvent } from "../../../src/session/forward/streams.ts";
import { Lines } from "../../../src/session/forward/packets.ts";
import { ContainerHalf, RunnerHalf } from "./halves.ts";
import { randomBuffer } from "../../../simulation/random.ts";
import { forEachSeedAtOnce, randomOf, sampleOf } from "../../helpers/seeds.ts";

const TARGETS = { echo: 0, slow: 1, source: 2, refused: 3 } as const;

/** Both halves, joined by a link whose bytes arrive late, in pieces, twice, or never when it is cut. */
class Joined {
  readonly runner = new RunnerHalf();
  readonly container = new ContainerHalf();
  readonly random: () => number;
  now = 0;
  #up = Buffer.alloc(0);
  #down = Buffer.alloc(0);
  #isNew = true;
  readonly errors: string[] = [];

  constructor(seed: number) {
    this.random = randomOf(seed);
    this.runner.begin();
  }

  /** Cuts the session: a part of what is under way arrives, the rest never. A new session begins. */
  async cut(): Promise<readonly StreamEvent[]> {
    const events = await this.step({ cut: true });
    [this.#up, this.#down] = [Buffer.alloc(0), Buffer.alloc(0)];
    this.#isNew = true;
    this.runner.begin();
    return events;
  }

  async step({ cut = false } = {}): Promise<readonly StreamEvent[]> {
    this.now += 60;
    this.#up = Buffer.concat([this.#up, this.#doubled(this.runner.written(this.now))]);
    const take = (bytes: Buffer): number =>
      Math.floor(bytes.length * (cut || this.random() < 0.3 ? this.random() : 1));
    const up = this.#up.subarray(0, take(this.#up));
    this.#up = this.#up.subarray(up.length);
    const answer = await this.container.step({
      ...{ in: up.toString("base64"), session: this.#isNew, seconds: 0.06 },
      lines: 1 + Math.floor(this.random() * 8),
    });
    this.#isNew = false;
    if (answer.error !== null) this.errors.push(answer.error);
    this.#down = Buffer.concat([this.#down, this.#doubled(answer.out)]);
    const down = this.#down.subarray(0, take(this.#down));
    this.#down = this.#down.subarray(down.length);
    return this.runner.receive(down, this.now);
  }

  /** Some packets twice, as a terminal that goes on at an older byte shows them. */
  #doubled(bytes: Buffer): Buffer {
    if (this.random() > 0.1 || bytes.length === 0) return bytes;
    const [first] = new Lines().cut(bytes);
    return Buffer.concat([bytes.subarray(0, 3 + (first?.length ?? 0)), bytes]);
  }
}

const sequence = (count: number): Buffer =>
  Buffer.from(Array.from({ length: count }, (_, i) => (i * 7) % 251));
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** A client of one stream: sends its bytes and reads what comes, as fast as chance allows. */
class Client {
  readonly #joined: Joined;
  readonly stream: number;
  readonly #bytes: Buffer;
  #sent = 0;
  readonly came: Buffer[] = [];
  #unread = 0;
  end: string | undefined;

  /** What the other end sends back. */
  readonly expected: Buffer;

  constructor(joined: Joined, target: number, bytes: Buffer, expected: Buffer) {
    this.#joined = joined;
    this.#bytes = bytes;
    this.expected = expected;
    this.stream = joined.runner.streams.open(target) ?? 0;
  }

  take(event: StreamEvent): void {
    if (event.kind === "data") {
      this.came.push(event.bytes);
      this.#unread += event.bytes.length;
    } else if (event.kind !== "opened") this.end = event.kind;
  }

  work(): void {
    const { runner, random } = this.#joined;
    const rest = this.#bytes.length - this.#sent;
    const count = Math.min(runner.streams.allowed(this.stream), rest, 1 + Math.floor(random() * 40_000));
    if (count > 0) {
      runner.streams.send(this.stream, this.#bytes.subarray(this.#sent, this.#sent + count));
      this.#sent += count;
    }
    if (this.#sent === this.#bytes.length) runner.streams.end(this.stream);
    if (this.#unread > 0 && random() < 0.5) {
      runner.streams.consumed(this.stream, this.#unread);
      this.#unread = 0;
    }
  }
}

const TEXT = Buffer.from("select * from orders where id = 4711;\n".repeat(10_000));

/** The next client: of any kind, with bytes that can be packed or can't. */
function makeClient(joined: Joined): Client {
  const { random } = joined;
  const length = Math.floor(random() ** 3 * 300_000);
  const bytes = random() < 0.5 ? randomBuffer(random, length) : TEXT.subarray(0, length);
  if (random() < 0.7) return new Client(joined, TARGETS.echo, bytes, bytes);
  return new Client(joined, TARGETS.source, bytes.subarray(0, 100), sequence(100_000));
}

async function carriesAll(seed: number): Promise<void> {
  const joined = new Joined(seed);
  const { random, runner } = joined;
  const clients: Client[] = [];
  try {
    for (let steps = 0; clients.length < 8 || runner.streams.count > 0; steps++) {
      expect(steps).toBeLessThan(5_000);
      if (clients.length < 8 && random() < 0.3 && runner.link.isGreeted) clients.push(makeClient(joined));
      const events = await (random() < 0.03 ? joined.cut() : joined.step());
      for (const event of events) clients.find(({ stream }) => stream === event.stream)?.take(event);
      for (const client of clients) client.work();
    }
  } finally {
    joined.container.end();
  }
  expect(joined.errors).toEqual([]);
  for (const client of clients) {
    expect(client.end).toBe("end");
    expect(sha256(Buffer.concat(client.came))).toBe(sha256(client.expected));
  }
}

describe("the streams of a forward", () => {
  it("bring each byte once and in order, over cuts, doubles and splits", async () => {
    await forEachSeedAtOnce(sampleOf(400), 2, carriesAll);
  });
});
