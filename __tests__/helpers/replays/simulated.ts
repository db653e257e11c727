import { runCommand } from "../../../simulation/container/command.ts";
import { type Fault, type Scenario, scriptText } from "../../../simulation/scenario.ts";
import { Host } from "../../../simulation/time.ts";
import { Terminal } from "../../../simulation/world/terminal.ts";
import { World } from "../../../simulation/world/world.ts";
import { bootstrapCommand } from "../../../src/payload/bootstrap.ts";
import { CANCEL, here, TAKEN, typedPayload, typedSecrets, typedStart } from "../../../src/payload/input.ts";
import { typedDelivery } from "../../../src/payload/typed-delivery.ts";
import { openPiece, sealPiece, type Piece } from "../../../src/carriers/pieces/format.ts";
import { LEFT, newFolder, type OrderedFolder, typedOrder } from "../../../src/carriers/pieces/orders.ts";
import { systemClock } from "../../../src/clock.ts";
import type { SeenItem } from "../extracted.ts";
import { RecordReader, type SpoolText } from "../../../src/carriers/stream/records.ts";
import { parseStatus } from "../../../src/carriers/stream/status.ts";
import { extractAll } from "../extracted.ts";
import { WatchedJob } from "../watch.ts";
import { optionsOf } from "./real.ts";
import { factsOf, markOf, type Progress, progressOf, recordOf, type ReplayRecord } from "./record.ts";
import type { Replay } from "./replay.ts";

const DELIVERY = { kind: "session" } as const;
const HOUR_MS = 3_600_000;

/** Runs the replay with the container of the simulation, in virtual time. `progress` is that of its items at the cancel; undefined without both. */
export async function replaySimulated(
  replay: Replay,
): Promise<{ readonly record: ReplayRecord; readonly progress: Progress | undefined }> {
  const simulated = new SimulatedReplay(replay);
  return { record: await simulated.run(), progress: simulated.progress };
}

class SimulatedReplay {
  readonly #replay: Replay;
  readonly #world: World;
  /** Holds what the reader of a job knows: its payload, and how far it has read. */
  readonly #job: WatchedJob;
  readonly #sessions: { readonly marks: string[]; readonly host: Host; readonly terminal: Terminal }[] = [];
  readonly #folder: OrderedFolder = newFolder("", systemClock.random);
  #hasLeft = false;
  #reached = { count: 0, at: 0 };
  progress: Progress | undefined;

  constructor(replay: Replay) {
    this.#replay = replay;
    this.#world = new World(scenarioOf(replay));
    this.#job = new WatchedJob(optionsOf(replay, scriptText(replay.script)));
  }

  async run(): Promise<ReplayRecord> {
    const { time, host } = this.#world.base;
    const { cut, cancelAt, uploads, takes, items } = this.#replay;
    this.#open();
    await time.run(() => (items === undefined ? this.#isShown : this.#hasHeader), time.now + HOUR_MS);
    for (const { at, line } of items?.orders ?? []) time.after(host, at, () => this.#type(line));
    if (cancelAt !== undefined)
      time.after(host, cancelAt, () => {
        const { count, at } = this.#reached;
        if (items !== undefined) this.progress = { count, gapMs: time.now - at };
        this.#last?.terminal.type(CANCEL);
      });
    if (cut !== undefined)
      time.after(host, cut.at, () => {
        if (this.#isClosed) return;
        this.#last?.host.kill();
        time.after(host, cut.back, () => {
          this.#open();
          time.after(host, 1_000, () => items?.orders.forEach(({ line }) => this.#type(line)));
        });
      });
    if (uploads) this.#last?.terminal.type(this.#order());
    await time.run(() => (uploads ? this.#end !== undefined : this.#isOver), time.now + HOUR_MS);
    if (uploads && takes) this.#sayTaken();
    await time.run(() => false, time.now + 1_000);
    return this.#record();
  }

  get #last() {
    return this.#sessions.at(-1);
  }

  #type(line: string): void {
    this.#last?.terminal.type(Buffer.from(`items ${line}\n`));
  }

  get #hasHeader(): boolean {
    return this.#job.events.some(({ kind }) => kind === "header");
  }

  get #isShown(): boolean {
    return this.#last?.marks.some((mark) => mark.startsWith("@")) === true;
  }

  get #isClosed(): boolean {
    return this.#last?.host.isDead !== false;
  }

  /** The last session has ended, and no other one is to come. */
  get #isOver(): boolean {
    const { cut } = this.#replay;
    const isKnown = this.#job.events.some(({ kind }) => kind === "status" || kind === "refused");
    return this.#isClosed && (cut === undefined || isKnown || this.#sessions.length > 1);
  }

  #open(): void {
    const [container] = this.#world.containers;
    if (container === undefined) throw new Error("the world has no container");
    const { time } = this.#world.base;
    const { runId, payload, extractor } = this.#job;
    if (this.#sessions.length > 0) extractor.restart();
    const host = new Host("command", container.host);
    const terminal = new Terminal(time);
    const session = { marks: [] as string[], host, terminal };
    this.#sessions.push(session);
    const text = bootstrapCommand({ runId, at: extractor.offset, start: { payload, delivery: DELIVERY } });
    terminal.onOutput = () =>
      time.after(host, 1, () => {
        while (terminal.waiting > 0) {
          for (const event of extractAll(extractor, terminal.read(1024))) {
            this.#job.events.push(event);
            session.marks.push(...[markOf(event) ?? []].flat());
            const count = progressOf(this.#job.events, this.#replay);
            if (count > this.#reached.count) this.#reached = { count, at: time.now };
            this.#answer(event, session);
          }
        }
      });
    void runCommand(container, { host, terminal, text, owner: "runner 0", endSession: () => host.kill() });
  }

  /** Does what the reader of the real programs does (watch.ts). */
  #answer(event: SeenItem, { terminal, host }: { terminal: Terminal; host: Host }): void {
    const { payload, nonce, options, extractor } = this.#job;
    const { packAbove, secrets = {} } = options;
    const type = (bytes: Uint8Array): void => terminal.type(bytes);
    const opening = { nonce, part: 1 << 20, packAbove };
    if (event.kind === "ready") {
      if (event.missing)
        type(
          typedDelivery(
            opening,
            { payload, delivery: DELIVERY, address: undefined },
            event.missing.why,
            secrets,
          ),
        );
      else type(typedStart(opening, secrets));
    }
    if (event.kind === "secrets-wanted") type(typedSecrets(secrets));
    if (event.kind === "payload-wanted") type(typedPayload(payload));
    if (/^(attached|confirmed)$/.test(event.kind) && !this.#replay.uploads) type(here(extractor.confirmed));
    if (event.kind === "status") {
      if (this.#replay.takes) type(TAKEN);
      else host.kill();
    }
  }

  #order(): Buffer {
    const { bucket, base } = this.#world;
    const { prefix } = this.#folder;
    const nobody = { name: "nobody", host: base.host };
    return typedOrder(
      this.#folder,
      { begin: 0, largest: 8 << 20 },
      {
        post: {
          url: "https://staging.s3.amazonaws.com/",
          fields: { policy: "cG9saWN5", "x-amz-signature": bucket.sign(nobody, "post", prefix, 3_600) },
          credentialsEnd: undefined,
        },
        control: `https://staging.s3.amazonaws.com/${prefix}control?X-Amz-Signature=${bucket.sign(nobody, "get", `${prefix}control`, 3_600)}`,
        until: base.time.now + HOUR_MS,
      },
    );
  }

  get #pieces(): readonly Piece[] {
    const { bucket } = this.#world;
    const found: Piece[] = [];
    for (;;) {
      const object = bucket.current(`${this.#folder.prefix}${found.length}`);
      const piece = object && openPiece(this.#folder, object.bytes);
      if (piece === undefined) break;
      found.push(piece);
    }
    if (found.length > 0 && !this.#hasLeft) {
      this.#hasLeft = true;
      this.#last?.terminal.type(LEFT);
    }
    return found;
  }

  get #end(): Piece | undefined {
    return this.#pieces.find(({ kind }) => kind === "end");
  }

  #sayTaken(): void {
    const { bucket } = this.#world;
    const body = Buffer.from("taken\n");
    const begin = this.#end?.begin ?? 0;
    bucket.put(
      `${this.#folder.prefix}control`,
      sealPiece(this.#folder, { kind: "control", number: 1_000, begin, body }),
    );
  }

  #record(): ReplayRecord {
    const { uploads, workers } = this.#replay;
    const pieces = uploads ? this.#pieces : [];
    const spool = Buffer.concat(pieces.flatMap(({ kind, body }) => (kind === "out" ? [body] : [])));
    const texts = uploads
      ? extractAll(new RecordReader(workers), spool)
      : this.#job.events.filter((event): event is SpoolText =>
          ["text", "header", "file-command", "file-left-out"].includes(event.kind),
        );
    return recordOf(texts, {
      marks: uploads ? [] : this.#sessions.map(({ marks }) => marks),
      status: uploads ? parseStatus(this.#end?.body.toString() ?? "", workers) : this.#job.status,
      facts: factsOf(this.#job.events, this.#replay),
      pieces: pieces.map(({ kind }) => kind).filter((kind, at, all) => kind !== all[at - 1]),
      isLeft: this.#world.containers[0]?.directories.has(this.#job.runId) === true,
    });
  }
}

function scenarioOf({ seed, refused, form }: Replay): Scenario {
  return {
    seed,
    world: {
      ...{ latency: [5, 5], bucket: true, mayList: true, isVersioned: false },
      ...{ maySeeSessions: true, mayResume: true, pausesAfter: 30_000 },
    },
    containers: [{ boto3: true, gzip: true, reaps: true, pace: 10, stopsIn: 0, python: form === "python" }],
    runners: [],
    faults: Array.from({ length: refused }, (_, at): Fault => ({
      ...{ kind: "call", actor: "container 0", operation: "s3:PostObject", count: at + 1, what: "failed" },
    })),
  };
}
