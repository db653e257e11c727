/** How many parts of archives all jobs of a step hold at the same time. Each part has 8 MiB at most. */
const MOST_HELD = 6;

interface Waiting {
  readonly job: JobSlots;
  readonly grant: () => void;
}

interface AllSlots {
  readonly take: (job: JobSlots) => Promise<void>;
  readonly release: (job: JobSlots) => void;
}

/** Bounds the parts of archives that the jobs of a step hold. Jobs take turns, so none waits for all parts of another one. */
export class PartSlots {
  readonly #most: number;
  #held = 0;
  /** Those that wait, in the order in which they came. */
  #waiting: Waiting[] = [];

  constructor(most = MOST_HELD) {
    this.#most = most;
  }

  /** The slots of one more job. */
  forJob(): JobSlots {
    return new JobSlots({
      take: async (job) => {
        if (this.#held < this.#most) this.#hold(job);
        else await new Promise<void>((grant) => this.#waiting.push({ job, grant }));
      },
      release: (job) => {
        job.held -= 1;
        this.#held -= 1;
        const next = this.#next();
        if (next === undefined) return;
        this.#waiting = this.#waiting.filter((each) => each !== next);
        this.#hold(next.job);
        next.grant();
      },
    });
  }

  #hold(job: JobSlots): void {
    job.held += 1;
    this.#held += 1;
  }

  /** First the job that has read least in vain, of those the one that holds least, of those the one that came first. */
  #next(): Waiting | undefined {
    return this.#waiting.reduce<Waiting | undefined>((best, each) => {
      const lead = best === undefined ? 1 : best.job.vain - each.job.vain || best.job.held - each.job.held;
      return lead > 0 ? each : best;
    }, undefined);
  }
}

/** The slots of one job. */
export class JobSlots {
  /** How many slots the job has. */
  held = 0;
  /** How many of its reads have brought nothing. */
  vain = 0;
  readonly #all: AllSlots;

  constructor(all: AllSlots) {
    this.#all = all;
  }

  /** Resolves when the job may hold one more part. A job asks for its earlier parts first, so it does not get stuck. */
  async take(): Promise<void> {
    await this.#all.take(this);
  }

  /** To be called once for each `take`, when the part is held no more. */
  release(): void {
    this.#all.release(this);
  }
}
