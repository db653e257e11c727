import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { constants } from "node:os";

/** How long the runner waits in milliseconds: after SIGINT, after SIGTERM, and for the streams of an ended process. */
export interface Patience {
  readonly interrupt: number;
  readonly terminate: number;
  readonly streams: number;
}

/** The values of GitHub's runner (`ProcessInvoker.cs`). */
export const runnerPatience: Patience = { interrupt: 7_500, terminate: 2_500, streams: 5_000 };

export interface ProcessRequest {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Called with each line of either stream. */
  readonly onLine: (line: string) => void;
  /** Cancels the process when it aborts: SIGINT, then SIGTERM, then SIGKILL, to the process alone and not to its children. */
  readonly signal?: AbortSignal | undefined;
  readonly patience: Patience;
}

/** Runs a process to its end. Resolves with its exit code, 128 + n when signal n ended it. */
export async function runProcess(request: ProcessRequest): Promise<number> {
  const { signal, patience } = request;
  const child = spawn(request.file, request.args, {
    cwd: request.cwd,
    env: request.env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, name) => resolve(code ?? 128 + constants.signals[name ?? "SIGKILL"]));
  });
  const streams = Promise.all(
    [child.stdout, child.stderr].map((stream) => readLines(stream, request.onLine)),
  );

  const timers: NodeJS.Timeout[] = [];
  const cancel = (): void => {
    child.kill("SIGINT");
    timers.push(
      setTimeout(() => child.kill("SIGTERM"), patience.interrupt),
      setTimeout(() => child.kill("SIGKILL"), patience.interrupt + patience.terminate),
    );
  };
  if (signal?.aborted) cancel();
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    const exitCode = await exited;
    // A child of the process may outlive it and keep the streams open.
    timers.push(
      setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
      }, patience.streams),
    );
    await streams;
    return exitCode;
  } finally {
    signal?.removeEventListener("abort", cancel);
    timers.forEach(clearTimeout);
  }
}

/** Reads lines as .NET does: they end with LF, CR LF or a CR alone. So a progress bar is many lines. */
function readLines(stream: Readable, onLine: (line: string) => void): Promise<void> {
  return new Promise((resolve) => {
    const decoder = new TextDecoder();
    let rest = "";
    let afterReturn = false;
    const take = (text: string): void => {
      // A CR has already ended its line; an LF that follows belongs to it.
      const lines = (rest + (afterReturn ? text.replace(/^\n/, "") : text)).split(/\r\n|[\r\n]/);
      if (text !== "") afterReturn = text.endsWith("\r");
      rest = lines.pop() ?? "";
      for (const line of lines) onLine(line);
    };
    stream.on("data", (bytes: Buffer) => {
      take(decoder.decode(bytes, { stream: true }));
    });
    stream.once("close", () => {
      take(decoder.decode());
      if (rest !== "") onLine(rest);
      resolve();
    });
  });
}
