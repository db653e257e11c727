import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { interpreterHome, python } from "./python.ts";

export interface Moto {
  /** Where moto's server listens, without a slash at the end. */
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Starts moto, the AWS emulator, on a free port and resolves once it listens. It dies with this process, however
 * this process ends. Fails with moto's own last lines.
 */
export async function startMoto(): Promise<Moto> {
  interpreterHome(); // Says what to do when there is no .venv.
  // With port 0 the kernel chooses the port, and the server prints it.
  const server = ["-m", "moto.server", "--host", "127.0.0.1", "--port", "0"];
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "--", python, ...server], {
    detached: true,
    stdio: ["ignore", "ignore", "pipe"],
    env: { PATH: process.env["PATH"], MOTO_ACCOUNT_ID: "123456789012", PYTHONUNBUFFERED: "1" },
  });
  const exited = once(child, "exit");
  const lines: string[] = [];
  const said = createInterface({ input: child.stderr });
  const url = await new Promise<string>((resolve, reject) => {
    said.on("line", (line) => {
      const found = /Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(line)?.[1];
      if (found !== undefined) resolve(found);
      else if (lines.length < 50) lines.push(line);
    });
    said.on("close", () => {
      reject(new Error(`moto did not start: ${lines.slice(-5).join("\n")}`));
    });
  });
  return {
    url,
    stop: async () => {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
