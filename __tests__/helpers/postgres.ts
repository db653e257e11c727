import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../local/free-port.ts";
import { eventually } from "./until.ts";

/** Debian keeps the server's programs off the PATH. */
const VERSIONS = "/usr/lib/postgresql";
/** The server refuses to run as root. */
const NOBODY = 65_534;
const AS_NOBODY = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

/** Why there is no PostgreSQL; undefined when there is one. */
export function whyNoPostgres(): string | undefined {
  return existsSync(VERSIONS) ? undefined : "Debian's package postgresql is not there.";
}

/** A real PostgreSQL with the user and the database `shop`, whose certificate has one name. */
export class Postgres {
  readonly port: number;
  /** Its certificate, which has signed itself. */
  readonly certificate: string;
  readonly #directory: string;
  readonly #server: ChildProcess;

  private constructor(server: ChildProcess, directory: string, port: number) {
    this.#server = server;
    this.#directory = directory;
    this.port = port;
    this.certificate = readFileSync(join(directory, "crt"), "utf8");
  }

  static async start(name: string): Promise<Postgres> {
    const [version = ""] = readdirSync(VERSIONS).sort((a, b) => Number(b) - Number(a));
    const bin = join(VERSIONS, version, "bin");
    const directory = mkdtempSync(join(tmpdir(), "postgres-"));
    if (AS_NOBODY.uid !== undefined) chownSync(directory, NOBODY, NOBODY);
    chmodSync(directory, 0o700);
    const at = { ...AS_NOBODY, cwd: directory, stdio: "ignore" } as const;
    const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`];
    const key = ["-newkey", "rsa:2048", "-nodes", "-keyout", "key", "-out", "crt", "-days", "2"];
    execFileSync("openssl", ["req", "-x509", ...key, ...subject], at);
    execFileSync(join(bin, "initdb"), ["-D", "data", "-U", "shop", "-A", "trust", "-N"], at);
    const port = await freePort();
    const tls = ["ssl=on", `ssl_cert_file=${directory}/crt`, `ssl_key_file=${directory}/key`, "fsync=off"];
    const words = ["-D", "data", "-p", String(port), "-h", "127.0.0.1", "-k", directory];
    const server = spawn(join(bin, "postgres"), [...words, ...tls.flatMap((each) => ["-c", each])], at);
    const postgres = new Postgres(server, directory, port);
    await eventually(() => postgres.#sql("postgres", "SELECT 1"), "1");
    postgres.#sql("postgres", "CREATE DATABASE shop");
    return postgres;
  }

  /** Runs a statement in the database `shop`. */
  run(statement: string): string | undefined {
    return this.#sql("shop", statement);
  }

  #sql(database: string, statement: string): string | undefined {
    const words = ["-h", this.#directory, "-p", String(this.port), "-U", "shop", "-d", database];
    try {
      const stdio = ["ignore", "pipe", "ignore"] as const;
      return execFileSync("psql", [...words, "-qAtc", statement], {
        encoding: "utf8",
        stdio: [...stdio],
      }).trim();
    } catch {
      return undefined;
    }
  }

  async stop(): Promise<void> {
    const ended = once(this.#server, "close");
    this.#server.kill("SIGINT");
    await ended;
    rmSync(this.#directory, { recursive: true });
  }
}
