import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { interpreterHome, python } from "./python.ts";

export interface Moto {
  /** The Unix socket on which moto's server listens, in a directory that only this user may enter. */
  readonly socketPath: string;
  stop(): Promise<void>;
}

/** A process that has loaded moto, and forks a server for each client that connects. */
export interface MotoForks {
  /** Its Unix socket, for `MOTO_FORKS`. */
  readonly socketPath: string;
  stop(): Promise<void>;
  /** Lets this process end while the moto process still runs. */
  unref(): void;
}

/** The variable with the Unix socket of the `MotoForks` that several processes share. */
export const MOTO_FORKS = "FARGATE_LOCAL_MOTO";

/**
 * Starts the process that forks moto's servers, and resolves once it takes connections. It dies with this process, however this
 * process ends.
 */
export async function startMotoForks(): Promise<MotoForks> {
  interpreterHome(); // Throws with advice when there is no .venv.
  // SIGTERM, since moto removes its directory then.
  const program = [
    "setpriv",
    "--pdeathsig",
    "TERM",
    "--",
    python,
    "-I",
    join(import.meta.dirname, "moto.py"),
  ];
  const [file = "", ...args] = program;
  const child = spawn(file, args, {
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      PATH: process.env["PATH"],
      ...(process.env["TMPDIR"] !== undefined && { TMPDIR: process.env["TMPDIR"] }),
      MOTO_ACCOUNT_ID: "123456789012",
      // No web page may read an answer.
      MOTO_DISABLE_GLOBAL_CORS: "true",
    },
  });
  const exited = once(child, "exit");
  const [path] = (await Promise.race([
    once(child.stdout, "data"),
    exited.then(() => {
      throw new Error("moto did not start.");
    }),
  ])) as [Buffer];
  child.stdout.destroy();
  return {
    socketPath: path.toString().trim(),
    stop: async () => {
      child.kill("SIGTERM");
      await exited;
    },
    unref: () => child.unref(),
  };
}

/**
 * Starts moto, the AWS emulator, and resolves once it listens. It dies with this process, however this process ends.
 */
export async function startMoto(): Promise<Moto> {
  const shared = process.env[MOTO_FORKS];
  const own = shared === undefined ? await startMotoForks() : undefined;
  const socket = connect({ path: shared ?? own?.socketPath ?? "" });
  const closed = once(socket, "close");
  const [path] = (await Promise.race([once(socket, "data"), closed])) as [Buffer | boolean];
  if (!(path instanceof Buffer)) throw new Error("moto could not be loaded.");
  return {
    socketPath: path.toString().trim(),
    stop: async () => {
      socket.end();
      await closed;
      await own?.stop();
    },
  };
}
