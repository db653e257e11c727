import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A pipe like that of PID 1's standard output, which a test reads when it likes. */
export interface LogPipe {
  readonly path: string;
  /** Empties the pipe, and returns all that has come so far. */
  readonly text: () => string;
  readonly close: () => void;
}

export function openLogPipe(): LogPipe {
  const path = join(mkdtempSync(join(tmpdir(), "echo-")), "stdout");
  execFileSync("mkfifo", [path]);
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const buffer = Buffer.alloc(1024 * 1024);
  const taken: Buffer[] = [];
  const text = (): string => {
    try {
      for (let size = 1; size > 0;) {
        size = readSync(fd, buffer);
        taken.push(Buffer.from(buffer.subarray(0, size)));
      }
    } catch (error) {
      // There is no more for now.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
    return Buffer.concat(taken).toString();
  };
  const close = (): void => {
    closeSync(fd);
    rmSync(dirname(path), { recursive: true });
  };
  return { path, text, close };
}
