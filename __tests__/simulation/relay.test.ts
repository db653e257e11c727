import { ContainerLink } from "../../simulation/container/forward/link.ts";
import { ContainerSeal, Damage, PacketLines, Violation } from "../../simulation/container/forward/seal.ts";
import { ContainerStreams, type Wish } from "../../simulation/container/forward/streams.ts";
import { between, chance, pick, type Random, randomBuffer, randomOf } from "../../simulation/random.ts";
import { ContainerHalf, KEY, RunnerHalf, type Step } from "../session/forward/halves.ts";

/** The programs of `half.py` that need no chance: one reads nothing, one is refused, one reads all. */
const PROGRAMS = { silent: 1, refused: 3, sink: 4 } as const;
const HOSTILE = [
  "",
  "00",
  "0400000001",
  "0400000001000000000000",
  "0500000001000000000001",
  "0700000001ffffffffffff",
];

/** The container's half of a link as the simulation has it, with the programs of `half.py`. */
class SimulatedHalf {
  readonly #link = new ContainerLink(new ContainerSeal(KEY));
  readonly #streams = new ContainerStreams(this.#link, 5);
  #lines = new PacketLines();
  #isGreeted = false;
  #now = 0;
  readonly #wishes: Wish[] = [];
  readonly #programs = new Map<number, number>();

  step({ in: typed = "", session, seconds = 0 }: Step): {
    readonly out: Buffer;
    readonly error: string | null;
  } {
    const out: Buffer[] = [];
    this.#now += seconds * 1_000;
    try {
      if (session === true) [this.#lines, this.#isGreeted] = [new PacketLines(), false];
      for (const line of this.#lines.cut(Buffer.from(typed, "base64"))) this.#take(line);
      for (const wish of this.#wishes.splice(0)) this.#obey(wish);
      this.#link.tick(this.#now);
      for (let line = this.#next(); line !== undefined; line = this.#next()) out.push(line);
    } catch (error) {
      if (error instanceof Damage) return { out: Buffer.concat(out), error: "Damage" };
      if (error instanceof Violation) return { out: Buffer.concat(out), error: "Violation" };
      throw error;
    }
    return { out: Buffer.concat(out), error: null };
  }

  #next(): Buffer | undefined {
    return this.#isGreeted ? this.#link.next() : undefined;
  }

  #take(line: Buffer): void {
    if (!this.#isGreeted) {
      this.#isGreeted = this.#link.greet(line, this.#now);
      return;
    }
    const body = this.#link.take(line, this.#now);
    const wish = body === undefined ? undefined : this.#streams.obey(body);
    if (wish !== undefined) this.#wishes.push(wish);
  }

  #obey(wish: Wish): void {
    if (wish.kind === "open") {
      this.#programs.set(wish.of, wish.target);
      if (wish.target === PROGRAMS.refused) this.#streams.refused(wish.of, 2, "nobody listens");
      else this.#streams.opened(wish.of);
    } else if (wish.kind === "data" && this.#programs.get(wish.of) === PROGRAMS.sink)
      this.#streams.consumed(wish.of, wish.bytes.length);
  }
}

/** What a runner does at one moment. */
function act(runner: RunnerHalf, random: Random, isHostile: boolean): boolean {
  if (chance(random, 0.08)) {
    runner.begin();
    return true;
  }
  for (let left = between(random, 0, 3); left > 0; left -= 1) {
    const of = between(random, 1, 6);
    const bytes = chance(random, 0.5) ? randomBuffer(random, 9_000) : Buffer.alloc(9_000, "a line of text, ");
    const most = Math.min(runner.streams.allowed(of), between(random, 1, bytes.length));
    const roll = random();
    if (roll < 0.3) runner.streams.open(pick(random, Object.values(PROGRAMS)));
    else if (roll < 0.75 && most > 0) runner.streams.send(of, bytes.subarray(0, most));
    else if (roll < 0.85) runner.streams.end(of);
    else if (roll < 0.9) runner.streams.reset(of);
  }
  if (isHostile && chance(random, 0.15)) runner.link.put(Buffer.from(pick(random, HOSTILE), "hex"));
  return false;
}

it.each([1, 2, 3, 4, 5, 6])(
  "the simulated relay writes what that of the container writes (seed %i)",
  async (seed) => {
    const random = randomOf(seed);
    const [runner, real, simulated] = [new RunnerHalf(), new ContainerHalf(), new SimulatedHalf()];
    runner.begin();
    try {
      for (let [now, at, isNew] = [0, 0, true]; at < 80; at += 1) {
        isNew = act(runner, random, seed > 3) || isNew;
        const seconds = pick(random, [0, 0.05, 0.25, 6]);
        now += seconds * 1_000;
        const step = { in: runner.written(now).toString("base64"), session: isNew, seconds };
        isNew = false;
        const [wanted, got] = [await real.step(step), simulated.step(step)];
        expect({ at, out: got.out.toString("hex"), error: got.error }).toEqual({
          ...{ at, out: wanted.out.toString("hex") },
          error: wanted.error?.split(":")[0] ?? null,
        });
        if (got.error !== null) return;
        runner.receive(got.out, now);
      }
    } finally {
      real.end();
    }
  },
);
