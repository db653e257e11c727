import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { type Extracted, Extractor } from "../../src/output/extract.ts";
import type { JobStatus } from "../../src/output/status.ts";
import { bootstrapCommand } from "../../src/payload/bootstrap.ts";
import { CANCEL, sessionInput, TAKEN } from "../../src/payload/input.ts";
import type { JobOptions } from "../../src/payload/job.ts";
import { makePayload } from "../../src/payload/payload.ts";

const TERMINAL = fileURLToPath(new URL("./terminal.py", import.meta.url));

export interface WatchOptions extends Partial<JobOptions> {
  /** The shell that stands for the container's /bin/sh. */
  readonly sh?: string;
  readonly script: string | Buffer;
  readonly secrets?: Record<string, string>;
  /** Called for what is extracted; may cancel the job. */
  readonly onEvent?: (event: Extracted, cancel: () => void) => void;
  readonly packAbove?: number;
  /** False: nobody takes the status. */
  readonly take?: boolean;
  /** Variables of the container, on top of a bare environment. */
  readonly containerEnv?: Record<string, string>;
}

export interface Watched {
  readonly runId: string;
  /** All that the terminal showed. */
  readonly terminal: Buffer;
  readonly events: Extracted[];
  readonly status: JobStatus | undefined;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** Runs a payload on this machine in a real terminal, delivered over it, and watches it to its end. */
export async function watch(options: WatchOptions): Promise<Watched> {
  const runId = randomBytes(6).toString("hex");
  const nonce = randomBytes(16).toString("hex");
  const payload = makePayload(
    {
      runId,
      workers: 1,
      timeoutSeconds: 60,
      shell: "sh -e {0}",
      args: [],
      workingDirectory: undefined,
      env: {},
      ownEnv: {},
      clusterName: "demo",
      taskArn: "arn:aws:ecs:eu-west-1:123456789012:task/demo/0123456789abcdef0123456789abcdef",
      container: "app",
      runUrl: undefined,
      ...options,
    },
    Buffer.from(options.script),
  );
  const command = bootstrapCommand({
    runId,
    at: 0,
    packAbove: options.packAbove,
    payload,
    delivery: { kind: "session" },
  });
  const sh = options.sh ?? "sh";
  // The shell takes the command apart as the agent would, then becomes the one under test.
  const unwrap = `eval "set -- \${1#/bin/sh -c }"; exec ${sh} -c "$1"`;
  const child = spawn("python3", [TERMINAL, "sh", "-c", unwrap, "sh", command], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { PATH: process.env["PATH"], HOME: "/root", ...options.containerEnv },
  });
  const extractor = new Extractor(nonce);
  const events: Extracted[] = [];
  const shown: Buffer[] = [];
  let status: JobStatus | undefined;
  child.stdout.on("data", (bytes: Buffer) => {
    shown.push(bytes);
    for (const event of extractor.push(bytes)) {
      events.push(event);
      if (event.kind === "ready")
        child.stdin.write(sessionInput({ nonce, payload, secrets: options.secrets ?? {} }));
      if (event.kind === "status") {
        status = event.status;
        if (options.take !== false) child.stdin.write(TAKEN);
        else child.kill();
      }
      options.onEvent?.(event, () => child.stdin.write(CANCEL));
    }
  });
  await new Promise((resolve) => child.on("close", resolve));
  const of = (stream: "stdout" | "stderr"): Buffer =>
    Buffer.concat(
      events.flatMap((e) =>
        e.kind === "text" && e.stream === stream ? [e.bytes, Buffer.from(e.ends ? "\n" : "")] : [],
      ),
    );
  return {
    runId,
    terminal: Buffer.concat(shown),
    events,
    status,
    stdout: of("stdout"),
    stderr: of("stderr"),
  };
}
