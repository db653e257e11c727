import { type Clock, systemClock } from "../../src/clock.ts";
import { QueueMember } from "../../src/queue/queue-member.ts";
import type { QueueS3 } from "../../src/queue/queue-object.ts";
import { Listener } from "../helpers/listener.ts";
import { between, forEachSeedAtOnce, randomOf, sampleOf, type Random } from "../helpers/seeds.ts";
import { SteppedClock } from "../helpers/stepped-clock.ts";
import { Bucket } from "./bucket.ts";

const HOUR_MS = 3_600_000;
const LEASE_MS = 90_000;
const SHARED_LEASE_MS = 150_000;

type Fate = "ends well" | "dies as a holder" | "dies in line" | "is cancelled in line";

/** A run with a clock of its own. It may die, and then gets no further answer. */
class Run {
  readonly id: string;
  readonly fate: Fate;
  readonly shares: boolean;
  /** Whether its claim says that it shares. */
  saysShares = false;
  holds = false;
  isDead = false;
  isDone = false;
  /** How many sessions it may have at once. */
  sessions = 0;
  diedAt = Infinity;
  readonly #world: World;
  readonly #member: QueueMember;
  readonly #cancel = new AbortController();

  constructor(id: string, world: World, { fate, shares }: { readonly fate: Fate; readonly shares: boolean }) {
    const { random, time } = world;
    this.id = id;
    this.fate = fate;
    this.shares = shares;
    this.#world = world;
    const skew = between(random, -HOUR_MS, HOUR_MS);
    const clock: Pick<Clock, "now" | "sleep" | "random"> = {
      random: systemClock.random,
      now: () => time.now() + skew,
      sleep: (ms, signal) => this.#unlessDead(time.sleep(ms, signal)),
    };
    this.#member = new QueueMember({
      claim: { bucket: "b", key: "k", run: id },
      names: { url: `https://x.example/${id}`, job: undefined, matrix: undefined },
      // Some runs learn only after a while whether they share.
      shares:
        random() < 0.5 ? Promise.resolve(shares) : time.sleep(between(random, 0, 5_000)).then(() => shares),
      s3: this.#s3(),
      clock,
      log: new Listener(),
      random,
    });
  }

  async run(startAt: number): Promise<void> {
    const { random, time } = this.#world;
    await time.sleep(startAt);
    if (this.fate === "dies in line") void this.#later(between(random, 0, 20_000), () => this.#die());
    if (this.fate === "is cancelled in line")
      void this.#later(between(random, 0, 20_000), () => this.#cancel.abort(new Error("cancelled")));
    const { signal } = this.#cancel;
    const waiting = { deadline: Infinity, onWait: () => undefined, beforeTaking: () => undefined, signal };
    try {
      await this.#member.take(waiting);
      this.#world.onTaken(this);
      if (this.fate === "dies as a holder") void this.#later(between(random, 0, 40_000), () => this.#die());
      this.#member.name(`session-${this.id}`);
      if (random() < 0.5) this.#member.share();
      await time.sleep(between(random, 0, 50_000));
      if (this.shares && random() < 0.5) await this.#replace(signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    if (this.isDead) return;
    this.#world.onLeaving(this);
    expect(await this.#member.leave()).toBe(true);
    this.isDone = true;
  }

  async #replace(signal: AbortSignal): Promise<void> {
    const { random, time } = this.#world;
    const overAt = time.now() + between(random, 0, 90_000);
    // SSM may take a session for ended that the agent still has.
    const isWrong = random() < 0.5;
    const isOver = (): Promise<boolean> => Promise.resolve(isWrong || time.now() >= overAt);
    if (!(await this.#member.waitToReplace(isOver, signal)) || this.isDead) return;
    if (time.now() < overAt) this.sessions = 2;
    this.#world.check();
    void this.#later(Math.max(0, overAt - time.now()), () => (this.sessions = Math.min(this.sessions, 1)));
    await time.sleep(between(random, 0, 40_000));
  }

  #die(): void {
    if (this.isDone || this.isDead || (this.fate === "dies in line" && this.holds)) return;
    this.isDead = true;
    this.diedAt = this.#world.time.now();
  }

  async #later(ms: number, act: () => void): Promise<void> {
    await this.#world.time.sleep(ms);
    act();
  }

  async #unlessDead<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } finally {
      // eslint-disable-next-line no-unsafe-finally -- a dead run hears nothing, no failure either
      if (this.isDead) return await new Promise<never>(() => undefined);
    }
  }

  /** The bucket, with a way there and back. An answer may be lost; a repeated write is then refused. */
  #s3(): QueueS3 {
    const { bucket, random, time } = this.#world;
    const world = this.#world;
    const way = (): Promise<void> => time.sleep(between(random, 2, world.slow));
    const asked = async <T>(call: () => Promise<T>): Promise<T> => {
      await this.#unlessDead(way());
      const answer = await call();
      await this.#unlessDead(way());
      return answer;
    };
    return {
      getVersion: (object, limit) => asked(() => bucket.getVersion(object, limit)),
      putIf: async (object, bytes, expected) => {
        const written = await asked(() => bucket.putIf(object, bytes, expected));
        return random() < 0.03 ? undefined : written;
      },
      deleteIf: (...args) => asked(() => bucket.deleteIf(...args)),
      deleteObject: (...args) => asked(() => bucket.deleteObject(...args)),
      deleteVersion: (...args) => asked(() => bucket.deleteVersion(...args)),
    };
  }
}

/** What happens in the bucket and at the container. Fails for what must not happen. */
class World {
  readonly random: Random;
  readonly time = new SteppedClock();
  /** The longest way to the bucket, or back, in milliseconds. */
  slow = 120;
  readonly bucket: Bucket;
  readonly runs: Run[] = [];
  /** The runs in the order in which they joined the queue. */
  readonly joined: string[] = [];
  /** The runs in the order in which they got their seats. */
  readonly #served: string[] = [];
  readonly #tookAt: number[] = [];
  readonly #leftAt: number[] = [];

  constructor(random: Random, versioned: boolean) {
    this.random = random;
    const skew = between(random, -HOUR_MS, HOUR_MS);
    this.bucket = new Bucket({ now: () => this.time.now() + skew });
    this.bucket.versioned = versioned;
    this.bucket.onWrite = () => {
      for (const { run, state, shares = false } of this.bucket.claims()) {
        const writer = this.runs.find(({ id }) => id === run);
        if (writer) writer.saysShares = shares;
        if (!this.joined.includes(run)) this.joined.push(run);
        if (state === "holds" && !this.#served.includes(run)) this.#serve(run);
      }
    };
  }

  onTaken(run: Run): void {
    run.holds = true;
    run.sessions = 1;
    this.#tookAt.push(this.time.now());
    this.check();
  }

  onLeaving(run: Run): void {
    run.holds = false;
    run.sessions = 0;
    this.#leftAt.push(this.time.now());
  }

  /** The milliseconds from the moment that a run begins to leave until the next one has the seat. */
  gaps(): readonly number[] {
    return this.#tookAt.slice(1).map((at, index) => at - (this.#leftAt[index] ?? 0));
  }

  check(): void {
    const now = this.time.now();
    const isThere = ({ holds, diedAt, saysShares }: Run): boolean =>
      holds && now - diedAt < (saysShares ? SHARED_LEASE_MS : LEASE_MS) - 35_000;
    const there = this.runs.filter(isThere);
    if (there.length > 1) expect(there.every(({ shares }) => shares)).toBe(true);
    expect(there.length).toBeLessThanOrEqual(2);
    expect(there.reduce((sum, { sessions }) => sum + sessions, 0)).toBeLessThanOrEqual(3);
  }

  #serve(id: string): void {
    this.#served.push(id);
    // A run that joined before has had its turn, or will have none.
    const before = this.joined.slice(0, this.joined.indexOf(id)).map((other) => this.#runOf(other));
    const passed = before.filter(
      (run) => !this.#served.includes(run.id) && !run.isDead && run.fate !== "is cancelled in line",
    );
    expect(passed.map((run) => run.id)).toEqual([]);
  }

  #runOf(id: string): Run {
    const found = this.runs.find((run) => run.id === id);
    if (found === undefined) throw new Error(`no run ${id}`);
    return found;
  }
}

it("whatever joins, dies, is cancelled or loses a swap: the order is kept, no run starves, and nothing is left", async () => {
  await forEachSeedAtOnce(sampleOf(600), 4, async (seed) => {
    const random = randomOf(seed);
    const mayDie = random() < 0.6;
    const world = new World(random, random() < 0.4);
    const fates: readonly Fate[] = mayDie
      ? ["ends well", "ends well", "dies as a holder", "dies in line", "is cancelled in line"]
      : ["ends well", "ends well", "is cancelled in line"];
    const shareRate = random();
    for (let at = between(random, 2, 9); at > 0; at -= 1) {
      const fate = fates[between(random, 0, fates.length - 1)] ?? "ends well";
      world.runs.push(new Run(`r${at}`, world, { fate, shares: random() < shareRate }));
    }
    const spread = random() < 0.5 ? 0 : 60_000;
    const all = world.runs.map((run) => run.run(between(random, 0, spread)));
    const over = (): boolean => world.runs.every(({ isDone, isDead }) => isDone || isDead);
    const failures: unknown[] = [];
    for (const one of all) one.catch((error: unknown) => failures.push(error));
    await world.time.runUntil(() => over() || failures.length > 0);
    // A run that comes later finds what dead runs have left.
    const late = new Run("late", world, { fate: "ends well", shares: false });
    world.runs.push(late);
    late.run(SHARED_LEASE_MS + 5_000).catch((error: unknown) => failures.push(error));
    await world.time.runUntil(() => over() || failures.length > 0);
    if (failures.length > 0) throw failures[0];
    expect([...world.bucket.objects.keys()]).toEqual([]);
    if (!mayDie) expect(world.bucket.versionsOf("k")).toEqual([]);
  });
}, 120_000);

it("forty runs that begin together all join soon, and follow one another without a gap", async () => {
  const world = new World(randomOf(7), false);
  world.slow = 40;
  for (let at = 0; at < 40; at += 1)
    world.runs.push(new Run(`r${at}`, world, { fate: "ends well", shares: false }));
  const begun = world.time.now();
  let joinedAt = Infinity;
  for (const run of world.runs) void run.run(0);
  await world.time.runUntil(() => {
    if (world.joined.length === 40) joinedAt = Math.min(joinedAt, world.time.now());
    return world.runs.every(({ isDone }) => isDone);
  });
  expect((joinedAt - begun) / 1000).toBeLessThan(25);
  expect(world.gaps().length).toBe(39);
  const gaps = world.gaps().toSorted((a, b) => a - b);
  expect(gaps[19]).toBeLessThan(500);
});
