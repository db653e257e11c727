import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PieceBucket, type SealedObject, TestOrder } from "../helpers/piece-bucket.ts";
import type { SharedContainer } from "../helpers/shared-container.ts";
import { SHELLS } from "../helpers/shells.ts";
import { findProgram, withoutPython } from "../helpers/tools.ts";
import { until } from "../helpers/until.ts";
import { processesOf, WatchedJob, type WatchedTerminal, type WatchOptions } from "../helpers/watch.ts";

/** Milliseconds for a test on a busy machine. */
export const PATIENCE = 300_000;
export const MIB = 1024 * 1024;
export const LEFT = Buffer.from("left\n");
const directory = mkdtempSync(join(tmpdir(), "uploading-"));
const jobs: WatchedJob[] = [];
const buckets: PieceBucket[] = [];

export async function removeAll(): Promise<void> {
  for (const job of jobs) job.remove();
  for (const bucket of buckets) await bucket.stop();
  rmSync(directory, { recursive: true });
}

/** A PATH with curl, and without python3. In a container it is made below a directory there. */
export function curlOnly(hasher: "sha256sum" | "openssl" = "sha256sum", container?: SharedContainer): string {
  const path = withoutPython("mawk", container ? `${container.root}/run` : directory);
  for (const tool of ["curl", "cut", "tail", "openssl", "yes", "setpriv", "chown"])
    if (!existsSync(join(path, tool))) symlinkSync(findProgram(tool), join(path, tool));
  chmodSync(path, 0o755);
  if (hasher === "openssl") rmSync(join(path, "sha256sum"));
  return container ? path.slice(container.root.length) : path;
}

/** Each program that uploads, with the options of a job that uses it. */
export const WAYS = [
  { way: "python3", options: () => ({ containerEnv: { PATH: "/usr/bin:/bin" } }) },
  {
    way: "curl",
    options: (container?: SharedContainer) => ({ containerEnv: { PATH: curlOnly("sha256sum", container) } }),
  },
] as const satisfies readonly {
  readonly way: string;
  readonly options: (container?: SharedContainer) => Partial<WatchOptions>;
}[];

/** The beginning of a script that waits until the uploader has its order. The job could end without one. */
export const ORDERED = 'until [ -e "${0%/*}/order" ]; do sleep 0.1; done';

/** Each way under each shell. */
export const EACH = WAYS.flatMap((way) =>
  SHELLS.filter((sh) => sh !== "bash --posix").map((sh) => ({ ...way, sh })),
);

/** A certificate for `localhost`, and a file with it and all that this machine trusts. */
export function certificate(): { key: Buffer; cert: Buffer; trusted: string } {
  const [key, cert, trusted] = ["key", "cert", "trusted"].map((name) =>
    join(mkdtempSync(join(directory, "tls-")), name),
  ) as [string, string, string];
  const request =
    "req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost";
  execFileSync("openssl", [...request.split(" "), "-keyout", key, "-out", cert], { stdio: "ignore" });
  const own = readFileSync(cert);
  const SYSTEM = "/etc/ssl/certs/ca-certificates.crt";
  writeFileSync(trusted, Buffer.concat([own, existsSync(SYSTEM) ? readFileSync(SYSTEM) : Buffer.alloc(0)]));
  return { key: readFileSync(key), cert: own, trusted };
}

/** A job whose output S3 may carry, in a bucket of its own. No session confirms its output or takes its end. */
export class UploadedJob {
  readonly bucket: PieceBucket;
  readonly order = new TestOrder();
  readonly job: WatchedJob;

  private constructor(bucket: PieceBucket, options: WatchOptions) {
    this.bucket = bucket;
    this.job = new WatchedJob({ pieces: true, confirm: false, take: false, ...options });
    jobs.push(this.job);
  }

  static async make(
    options: WatchOptions,
    certificate?: { key: Buffer; cert: Buffer },
  ): Promise<UploadedJob> {
    const bucket = await PieceBucket.start(certificate);
    buckets.push(bucket);
    return new UploadedJob(bucket, options);
  }

  /** Attaches, and gives an order as soon as the job is shown. */
  async follow(access?: string[]): Promise<WatchedTerminal> {
    const terminal = this.job.attach();
    await terminal.says("attached");
    terminal.type(this.bucket.typed(this.order, 0, access ?? this.bucket.access(this.order)));
    return terminal;
  }

  /** Follows it until S3 has proven to work, and then releases the session. */
  async followBriefly(access?: string[]): Promise<void> {
    const terminal = await this.follow(access);
    await until(
      () => this.pieces.length > 0,
      () => this.#state(),
    );
    terminal.type(LEFT);
    await terminal.closed;
  }

  /** What a failed test shows. */
  #state(): string {
    const path = this.job.directory ?? "/-";
    const files = existsSync(path) ? readdirSync(path) : [];
    const texts = ["err", "carried", "beat", "beat.s3", "notes", "notes.told"].filter((name) =>
      files.includes(name),
    );
    return JSON.stringify([
      files,
      ...texts.map((name) => readFileSync(join(path, name), "utf8")),
      this.bucket.requests,
      this.job.events.slice(-3),
    ]);
  }

  get pieces(): SealedObject[] {
    return this.bucket.pieces(this.order);
  }

  ended(): Promise<SealedObject[]> {
    return this.bucket.ended(this.order);
  }

  /** The spool's bytes that the pieces hold. Fails when a piece is not authentic, or does not follow the one before. */
  spool(from = 0): Buffer {
    let at = from;
    const bodies = this.pieces.map((piece, number) => {
      expect(piece).toMatchObject({ isAuthentic: true, number, begin: at });
      if (piece.kind !== "out") return Buffer.alloc(0);
      at += piece.body.length;
      return piece.body;
    });
    return Buffer.concat(bodies);
  }

  /** The pieces of the spool on the disk, joined. */
  get kept(): Buffer {
    return Buffer.concat(
      this.#starts.map((start) => readFileSync(join(this.job.directory ?? "", `out.${start}`))),
    );
  }

  get #starts(): number[] {
    return readdirSync(this.job.directory ?? "")
      .filter((name) => name.startsWith("out."))
      .map((name) => Number(name.slice(4)))
      .sort((a, b) => a - b);
  }

  /** Takes the end as the runner does by S3, and waits until nothing is left of the job. */
  async take(number = 1_000): Promise<void> {
    this.bucket.control(this.order, number, this.pieces.at(-1)?.begin ?? 0, ["taken"]);
    await this.untilGone();
  }

  async untilGone(): Promise<void> {
    await until(
      () => this.job.directory === undefined && this.job.processes.length === 0,
      () =>
        `${this.job.directory ?? ""} ${this.job.processes.map((pid) => readFileSync(`/proc/${pid}/cmdline`).toString()).join()}`,
    );
  }

  /** The curl processes that upload. */
  get curls(): number[] {
    return processesOf(`${this.job.directory ?? "/-"}/post.curl`);
  }

  /** The process that uploads: python3, or the shell that runs curl. */
  get uploader(): number | undefined {
    const [python] = processesOf(`${this.job.directory ?? "/-"}/uploader.py`);
    return (
      python ??
      (Number(readFileSync(`${this.job.directory ?? ""}/uploader`, "utf8").split(":")[0]) || undefined)
    );
  }
}
