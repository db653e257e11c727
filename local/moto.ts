import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { interpreterHome, python } from "./python.ts";

export interface Moto {
  /** Where moto's server listens, without a slash at the end. */
  readonly url: string;
  stop(): Promise<void>;
}

/** A process that has loaded moto, and forks a server for each client that connects. */
export interface MotoForks {
  /** The name of its socket, for `MOTO_FORKS`. */
  readonly name: string;
  stop(): Promise<void>;
  /** Lets this process end while the moto process still runs. */
  unref(): void;
}

/** The variable with the name of the `MotoForks` that several processes share. */
export const MOTO_FORKS = "FARGATE_LOCAL_MOTO";

/** The length of a local socket's address without its first byte, which is 0. Node.js 20 can't use shorter abstract names. */
const LONGEST_NAME = 107;

/**
 * Starts the process that forks moto's servers, and resolves once it takes connections. It dies with this process, however this
 * process ends.
 */
export async function startMotoForks(): Promise<MotoForks> {
  interpreterHome(); // Throws with advice when there is no .venv.
  const name = `fargate-local-moto-${randomUUID()}`.padEnd(LONGEST_NAME, "-");
  const program = [python, "-I", join(import.meta.dirname, "moto.py"), name];
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "--", ...program], {
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env["PATH"], MOTO_ACCOUNT_ID: "123456789012" },
  });
  const exited = once(child, "exit");
  await Promise.race([
    once(child.stdout, "data"),
    exited.then(() => {
      throw new Error("moto did not start.");
    }),
  ]);
  child.stdout.destroy();
  return {
    name,
    stop: async () => {
      child.kill("SIGKILL");
      await exited;
    },
    unref: () => child.unref(),
  };
}

/**
 * Starts moto, the AWS emulator, on a free port and resolves once it listens. It dies with this process, however
 * this process ends.
 */
export async function startMoto(): Promise<Moto> {
  const shared = process.env[MOTO_FORKS];
  const own = shared === undefined ? await startMotoForks() : undefined;
  const socket = connect({ path: `\0${shared ?? own?.name ?? ""}` });
  const closed = once(socket, "close");
  const [port] = (await Promise.race([once(socket, "data"), closed])) as [Buffer | boolean];
  if (!(port instanceof Buffer)) throw new Error("moto could not be loaded.");
  return {
    url: `http://127.0.0.1:${port.toString().trim()}`,
    stop: async () => {
      socket.end();
      await closed;
      await own?.stop();
    },
  };
}
