import { realpathSync } from "node:fs";
import { join, relative } from "node:path";
import { OutsidePath, makeDirectory } from "../artifacts/directory.ts";
import { type Fact, parseFact } from "../artifacts/facts.ts";
import { discard } from "../artifacts/tar.ts";
import { type UnpackedArchive, unpackArchive } from "../artifacts/unpack-archive.ts";
import { messageOf } from "../errors.ts";
import type { Artifacts } from "../inputs/inputs.ts";
import { MissingArtifacts } from "../report/artifacts.ts";
import type { ArtifactsReport } from "../report/artifacts.ts";
import type { OutputItem } from "../stream/items.ts";
import type { ArchivePart } from "../pieces/parts.ts";
import { holdPart, releasePart } from "./held-parts.ts";
import { ByteFlow, type LaterBytes } from "./byte-flow.ts";

/** The most bytes that wait until the carrier confirms them. A carrier confirms some mebibytes at a time. */
const MOST_UNCERTAIN = 64 * 1024 * 1024;
/** The bytes of memory that an item takes besides its own. */
const ITEM_BYTES = 256;

export interface JobArtifactsOptions {
  readonly artifacts: Artifacts;
  /** The directory of this task below the one of the inputs; undefined when the inputs allow only one task. */
  readonly folder: string | undefined;
  readonly workspace: string;
  readonly now: () => number;
  /** Reads a part of the archive from S3. Rejects when that can't be read. */
  readonly readPart: (part: ArchivePart) => Promise<Buffer>;
  /** Called with the size of all files that the container has listed so far. */
  readonly onListed: (bytes: number) => void;
}

/**
 * Unpacks the artifacts of one job while they come, whichever carrier brings them. Bytes that are not confirmed yet wait, because they may
 * come again.
 */
export class JobArtifacts {
  readonly #options: JobArtifactsOptions;
  readonly #flow = new ByteFlow((error) => this.#missing.noteLoss(messageOf(error)));
  readonly #missing: MissingArtifacts;
  #uncertain: (Buffer | Fact)[] = [];
  #uncertainBytes = 0;
  #unpacking: Promise<UnpackedArchive | string> | undefined;
  #listed = 0;
  #count = 0;
  #bytes = 0;
  /** When the first artifact came, in milliseconds since the epoch; undefined before that. */
  beganAt: number | undefined;

  constructor(options: JobArtifactsOptions) {
    this.#options = options;
    this.#missing = new MissingArtifacts(options.artifacts);
  }

  take(item: OutputItem): void {
    switch (item.kind) {
      case "artifact-bytes":
        this.#hold(item.bytes, item.bytes.length);
        break;
      case "artifact-fact": {
        const fact = parseFact(item.text);
        if (fact?.kind === "list") this.#options.onListed((this.#listed += fact.size));
        if (fact !== undefined) this.#hold(fact, item.text.length);
        break;
      }
      case "confirmed":
        this.#keep();
        break;
      case "gap":
        this.#uncertain = [];
        this.#uncertainBytes = 0;
        break;
    }
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
    };
  }

  #hold(item: Buffer | Fact, size: number): void {
    this.beganAt ??= this.#options.now();
    this.#unpacking ??= this.#unpack();
    this.#uncertainBytes += size + ITEM_BYTES;
    if (this.#uncertainBytes <= MOST_UNCERTAIN) this.#uncertain.push(item);
    else this.#missing.noteLoss("more of them came than a carrier may bring before it confirms them");
  }

  #keep(): void {
    for (const item of this.#uncertain) {
      if (!("kind" in item)) this.#flow.push(item);
      else if (item.kind === "part") this.#flow.push(laterBytes(item, this.#options.readPart));
      else this.#missing.take(item);
    }
    this.#uncertain = [];
    this.#uncertainBytes = 0;
  }

  async #unpack(): Promise<UnpackedArchive | string> {
    const { artifacts, folder } = this.#options;
    try {
      const base = makeDirectory(artifacts.directory, artifacts.within);
      const root = folder === undefined ? base : makeDirectory(join(base, folder), [base]);
      return await unpackArchive(this.#flow, {
        ...{ root, maxCount: artifacts.maxCount, maxBytes: artifacts.maxBytes, platform: process.platform },
        onRefused: (name, why) => this.#missing.noteRefused(name, why),
        onPlaced: (name, size) => {
          this.#count += 1;
          this.#bytes += size;
          this.#missing.noteUnpacked(name);
        },
      });
    } catch (error) {
      await discard(this.#flow);
      return error instanceof OutsidePath
        ? "'artifacts-path' leads through a link out of the workspace and RUNNER_TEMP"
        : messageOf(error);
    }
  }
}

function laterBytes(part: ArchivePart, read: JobArtifactsOptions["readPart"]): LaterBytes {
  let reading: Promise<Buffer> | undefined;
  const bytes = (): Promise<Buffer> => (reading ??= holdPart().then(() => read(part)));
  return {
    bytes,
    release: () => {
      reading?.then(releasePart, releasePart);
      reading = undefined;
    },
    begin: () => {
      bytes().catch(() => undefined); // the flow hears of it when it takes the bytes
    },
  };
}

function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
