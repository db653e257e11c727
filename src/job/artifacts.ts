import { realpathSync } from "node:fs";
import { join, relative } from "node:path";
import { OutsidePath, makeDirectory } from "../artifacts/directory.ts";
import { checkAsked, UNNAMED } from "../artifacts/check-asked.ts";
import { type Fact, parseFact } from "../artifacts/facts.ts";
import { type UnpackedArchive, unpackArchive } from "../artifacts/unpack-archive.ts";
import type { UnpackerOptions } from "../artifacts/unpack.ts";
import type { World } from "../aws/world.ts";
import type { Clock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import type { Artifacts } from "../inputs/inputs.ts";
import { MissingArtifacts } from "../report/artifacts.ts";
import type { ArtifactsReport } from "../report/artifacts.ts";
import type { OutputItem } from "../stream/items.ts";
import { type ArtifactsBudget, artifactsBudget } from "../pieces/budget.ts";
import type { MemoryShare } from "../shared-memory.ts";
import { ITEM_BYTES, type StepBudget } from "../step-budget.ts";
import { ByteFlow } from "./byte-flow.ts";
import { PartFetches, type ReadPart } from "./part-fetches.ts";

const TOO_MUCH = "the container sends more than 'artifacts-max-count' and 'artifacts-max-size' allow";

export interface JobArtifactsOptions {
  readonly artifacts: Artifacts;
  /** The directory of this task below the one of the inputs; undefined when the inputs allow only one task. */
  readonly folder: string | undefined;
  readonly workspace: string;
  readonly clock: Clock;
  readonly gunzip: World["gunzip"];
  /** Cancels the run. */
  readonly cancel?: AbortSignal | undefined;
  /** What the container may send; by default what follows from the inputs. */
  readonly budget?: ArtifactsBudget;
  /** Reads this part of the archive from S3. Rejects when that can't be read. */
  readonly readPart: ReadPart;
  /** What all jobs of the step keep together. */
  readonly step: Pick<StepBudget, "memory" | "parts">;
  /** Back-pressure begins when more bytes than this wait to be unpacked. */
  readonly enough?: number | undefined;
  /** Called with the size of all files that the container has listed so far. */
  readonly onListed: (bytes: number) => void;
  /** Called when bytes of the archive are certain, with how many those are. The archive is compressed, so its size is known at its end only. */
  readonly onProgress?: ((done: number) => void) | undefined;
}

/**
 * Unpacks the artifacts of one job while they come, whichever carrier brings them. Bytes that are not confirmed yet wait, because they may
 * come again.
 */
export class JobArtifacts {
  readonly #options: JobArtifactsOptions;
  readonly #budget: ArtifactsBudget;
  readonly #flow: ByteFlow;
  readonly #memory: MemoryShare;
  readonly #parts: PartFetches;
  readonly #missing: MissingArtifacts;
  #uncertain: (Buffer | Fact)[] = [];
  #uncertainBytes = 0;
  #unpacking: Promise<UnpackedArchive | string> | undefined;
  #listed = 0;
  /** The bytes of the archive that have come for certain. */
  #came = 0;
  /** Of all facts that count, and of those that are not confirmed yet. */
  #facts = { count: 0, chars: 0 };
  #uncertainFacts = { count: 0, chars: 0 };
  /** The number of the next part. */
  #part = 0;
  #isGivenUp = false;
  #count = 0;
  #bytes = 0;
  /** When the first artifact came, in milliseconds since the epoch; undefined before that. */
  beganAt: number | undefined;

  constructor(options: JobArtifactsOptions) {
    this.#options = options;
    this.#budget = options.budget ?? artifactsBudget(options.artifacts);
    this.#missing = new MissingArtifacts(options.artifacts);
    this.#flow = new ByteFlow((error) => this.#missing.noteLoss(messageOf(error)), options.enough);
    this.#memory = options.step.memory.share(() => this.#giveUp());
    this.#parts = new PartFetches(options.step.parts.forJob(), (number, withoutSlot) =>
      this.#readPart(number, withoutSlot),
    );
  }

  take(item: OutputItem): void {
    switch (item.kind) {
      case "artifact-bytes":
        this.#hold(item.bytes, item.bytes.length);
        break;
      case "artifact-fact":
        this.#takeFact(item.text);
        break;
      case "confirmed":
        this.#keep();
        break;
      case "gap":
        this.#forget();
        break;
    }
  }

  #takeFact(text: string): void {
    const [certain, waiting] = [this.#facts, this.#uncertainFacts];
    if (
      certain.count + waiting.count >= this.#budget.facts ||
      certain.chars + waiting.chars + text.length > this.#budget.factChars
    ) {
      this.#missing.noteLoss(TOO_MUCH);
      return;
    }
    const fact = parseFact(text);
    if (fact === undefined) return;
    if (fact.kind === "list") this.#options.onListed((this.#listed += fact.size));
    this.#uncertainFacts = { count: waiting.count + 1, chars: waiting.chars + text.length };
    this.#hold(fact, text.length);
  }

  /** Back-pressure: resolves when what has come is nearly unpacked. */
  async drained(): Promise<void> {
    await this.#flow.drained();
  }

  /**
   * Waits until all that has come is unpacked. `hasEnded`: the job's end is known, so all that it has sent is here, and certain.
   */
  async end(hasEnded: boolean): Promise<ArtifactsReport> {
    if (hasEnded) this.#keep();
    this.#flow.end();
    const { artifacts, workspace } = this.#options;
    const unpacked = await this.#unpacking;
    const problems = this.#missing.problems(unpacked);
    this.#missing.forgetNames();
    this.#noteHeld();
    const path = artifacts.directory;
    const short = relative(realOf(workspace), realOf(path));
    const directory = short === "" || short.startsWith("..") ? path : short;
    const taskPath = join(path, this.#options.folder ?? "");
    return {
      count: this.#count,
      bytes: this.#bytes,
      directory,
      path,
      taskPath,
      problems,
      leftOut: this.#missing.leftOut(),
    };
  }

  #hold(item: Buffer | Fact, size: number): void {
    this.beganAt ??= this.#options.clock.now();
    this.#unpacking ??= this.#unpack();
    if (this.#isGivenUp) return;
    this.#uncertainBytes += size + ITEM_BYTES;
    this.#uncertain.push(item);
    this.#noteHeld();
  }

  #noteHeld(): void {
    const { chars, count } = this.#missing.held;
    this.#memory.hold(this.#uncertainBytes + chars + count * ITEM_BYTES);
  }

  /** This job keeps most of what waits in the step, and that is too much. */
  #giveUp(): void {
    if (this.#isGivenUp) return;
    this.#isGivenUp = true;
    this.#flow.close();
    this.#missing.noteLoss("more of them came than a step keeps while they are not confirmed");
    this.#missing.forgetNames();
    this.#forget();
  }

  #keep(): void {
    const uncertain = this.#uncertain;
    const { count, chars } = this.#uncertainFacts;
    this.#facts = { count: this.#facts.count + count, chars: this.#facts.chars + chars };
    this.#forget();
    for (const item of uncertain) {
      if (!("kind" in item)) {
        this.#flow.push(item);
        this.#noteCame(item.length);
      } else if (item.kind === "part" || item.kind === "no-part") this.#countPart(item);
      else this.#missing.take(item);
    }
    this.#noteHeld();
  }

  #forget(): void {
    this.#uncertain = [];
    this.#uncertainBytes = 0;
    this.#uncertainFacts = { count: 0, chars: 0 };
    this.#noteHeld();
  }

  /** The step counts the parts itself, whatever the container says of them. */
  #countPart({ kind }: { readonly kind: "part" | "no-part" }): void {
    const number = this.#part;
    if (number >= this.#budget.parts) {
      this.#missing.noteLoss(TOO_MUCH);
      this.#flow.close();
      return;
    }
    this.#part += 1;
    if (kind === "part") this.#flow.push(this.#parts.part(number));
  }

  async #readPart(...read: Parameters<ReadPart>): Promise<Buffer> {
    const bytes = await this.#options.readPart(...read);
    this.#noteCame(bytes.length);
    return bytes;
  }

  #noteCame(bytes: number): void {
    this.#came += bytes;
    this.#options.onProgress?.(this.#came);
  }

  async #unpack(): Promise<UnpackedArchive | string> {
    const { artifacts, folder, clock, gunzip, cancel } = this.#options;
    try {
      const root = makeDirectory(artifacts.directory, artifacts.within, folder);
      const unpacking: UnpackerOptions & Pick<World, "gunzip"> = {
        ...{ root, maxCount: artifacts.maxCount, maxBytes: artifacts.maxBytes, platform: process.platform },
        ...{ clock, gunzip, cancel },
        check: checkAsked({ ...artifacts, platform: process.platform }),
        onRefused: (name, why) => {
          if (why === UNNAMED) this.#missing.noteLeftOut(name);
          else this.#missing.noteRefused(name, why);
        },
        onPlaced: (name, size) => {
          this.#count += 1;
          this.#bytes += size;
          this.#missing.noteUnpacked(name);
        },
      };
      return await unpackArchive(this.#flow, unpacking, this.#budget);
    } catch (error) {
      this.#flow.close();
      return error instanceof OutsidePath
        ? `'artifacts-path' can't be used: ${error.message}`
        : messageOf(error);
    }
  }
}

function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
