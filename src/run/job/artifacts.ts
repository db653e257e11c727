import { realpathSync } from "node:fs";
import { join, relative } from "node:path";
import { OutsidePath, makeDirectory } from "../../report/artifacts/directory.ts";
import { checkAsked, UNNAMED } from "../../report/artifacts/check-asked.ts";
import { refuseItemNames } from "../../report/artifacts/item-names.ts";
import { parseFact } from "../../report/artifacts/facts.ts";
import { type UnpackedArchive, unpackArchive } from "../../report/artifacts/unpack-archive.ts";
import type { UnpackerOptions } from "../../report/artifacts/unpack.ts";
import type { World } from "../../aws/world.ts";
import type { Clock } from "../../clock.ts";
import { messageOf } from "../../errors.ts";
import type { Artifacts } from "../../inputs/inputs.ts";
import { MissingArtifacts, ofArtifacts } from "../../report/missing-artifacts.ts";
import type { ArtifactsReport } from "../../report/missing-artifacts.ts";
import { type ArtifactsBudget, artifactsBudget } from "../../carriers/pieces/budget.ts";
import type { MemoryShare } from "../../shared-memory.ts";
import { ITEM_BYTES, type StepBudget } from "../step-budget.ts";
import type { SpoolText } from "../../carriers/stream/records.ts";
import { ByteFlow } from "./byte-flow.ts";
import { PartFetches, type ReadPart } from "./part-fetches.ts";

/** A record of the spool that belongs to the archive of artifacts. */
type ArtifactItem = Extract<SpoolText, { kind: "artifact-bytes" | "artifact-fact" }>;

const TOO_MUCH = "the container sends more than 'artifacts-max-size' and the limit of files allow";

export interface JobArtifactsOptions {
  readonly artifacts: Artifacts;
  /** The directory of this task below the one of the inputs; undefined when the inputs allow only one task. */
  readonly folder: string | undefined;
  /** The step has items, and what comes of these lies below the directory of the inputs, too. */
  readonly hasItems?: boolean | undefined;
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

/** Unpacks the artifacts of one job while they come, whichever carrier brings them. Gets only what is certain. */
export class JobArtifacts {
  readonly #options: JobArtifactsOptions;
  readonly #budget: ArtifactsBudget;
  readonly #flow: ByteFlow;
  readonly #memory: MemoryShare;
  readonly #parts: PartFetches;
  readonly #missing: MissingArtifacts;
  #unpacking: Promise<UnpackedArchive | string> | undefined;
  #listed = 0;
  /** The bytes of the archive that have come for certain. */
  #came = 0;
  /** All facts so far, and their characters. */
  #facts = { count: 0, chars: 0 };
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
    this.#missing = new MissingArtifacts(ofArtifacts(options.artifacts));
    this.#flow = new ByteFlow((error) => this.#missing.noteLoss(messageOf(error)), options.enough);
    this.#memory = options.step.memory.share(() => this.giveUp());
    this.#parts = new PartFetches(options.step.parts.forJob(), (number, withoutSlot) =>
      this.#readPart(number, withoutSlot),
    );
  }

  /** Whether this may come, while so many facts before it are not certain. Called when it comes, though it may come again. */
  admits(item: ArtifactItem, waiting: { readonly count: number; readonly chars: number }): boolean {
    if (item.kind === "artifact-fact") {
      const { count, chars } = this.#facts;
      if (
        count + waiting.count >= this.#budget.facts ||
        chars + waiting.chars + item.text.length > this.#budget.factChars
      ) {
        this.#missing.noteLoss(TOO_MUCH);
        return false;
      }
      const fact = parseFact(item.text);
      if (fact === undefined) return false;
      if (fact.kind === "list") this.#options.onListed((this.#listed += fact.size));
    }
    this.beganAt ??= this.#options.clock.now();
    this.#unpacking ??= this.#unpack();
    return !this.#isGivenUp;
  }

  /** Takes what is certain. */
  take(item: ArtifactItem): void {
    if (this.#isGivenUp) return;
    if (item.kind === "artifact-bytes") {
      this.#flow.push(item.bytes);
      this.#noteCame(item.bytes.length);
      return;
    }
    this.#facts = { count: this.#facts.count + 1, chars: this.#facts.chars + item.text.length };
    const fact = parseFact(item.text);
    if (fact?.kind === "part" || fact?.kind === "no-part") this.#countPart(fact);
    else if (fact !== undefined) this.#missing.take(fact);
    this.#noteHeld();
  }

  /** Back-pressure: resolves when what has come is nearly unpacked. */
  async drained(): Promise<void> {
    await this.#flow.drained();
  }

  /** Waits until all that has come is unpacked. */
  async end(): Promise<ArtifactsReport> {
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

  #noteHeld(): void {
    const { chars, count } = this.#missing.held;
    this.#memory.hold(chars + count * ITEM_BYTES);
  }

  /** This job keeps most of what waits in the step, and that is too much. */
  giveUp(): void {
    if (this.#isGivenUp) return;
    this.#isGivenUp = true;
    this.#flow.close();
    this.#missing.noteLoss("more of them came than a step keeps while they are not confirmed");
    this.#missing.forgetNames();
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
    const { artifacts, folder, hasItems = false, clock, gunzip, cancel, step } = this.#options;
    const { platform } = process;
    const checkMember = checkAsked({ ...artifacts, platform });
    try {
      const root = makeDirectory(artifacts.directory, artifacts.within, folder);
      const unpacking: UnpackerOptions & Pick<World, "gunzip"> = {
        ...{ root, maxCount: artifacts.maxCount, maxBytes: artifacts.maxBytes, platform },
        ...{ clock, gunzip, cancel, memory: step.memory },
        check: (names, member) => {
          checkMember(names, member);
          if (hasItems && folder === undefined) refuseItemNames(names, platform);
        },
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
