import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

// A real process, since this is about what ends one.

const SOURCES = join(import.meta.dirname, "../../../src");
const PATIENCE_MS = 20_000;

/** Runs a program whose work is cancelled by a mistake of this program, and in which `work` then undoes. */
function run(program: string) {
  const source = `
    import { endSoon } from ${JSON.stringify(`${SOURCES}/waiting.ts`)};
    import { watchFaults } from ${JSON.stringify(`${SOURCES}/doors/cli/faults.ts`)};
    import { systemClock as clock } from ${JSON.stringify(`${SOURCES}/clock.ts`)};
    const log = {
      error: ({ message, page }) => console.log("error:", message, page),
      debug: () => undefined,
      leave: () => console.log("left"),
    };
    ${program}`;
  const args = ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", source];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: "utf8",
    timeout: PATIENCE_MS,
  });
  return { status, lines: stdout.trimEnd().split("\n"), stderr };
}

const SAID = "error: fargate-exec itself went wrong.";

it.each([
  ["in a timer", "setTimeout(() => { throw new RangeError('planted'); }, 10);"],
  [
    "in a promise that nothing awaits",
    "setTimeout(() => void Promise.reject(new RangeError('planted')), 10);",
  ],
])("after a mistake %s the run undoes what it has begun, and the program fails", (_, mistake) => {
  const { status, lines, stderr } = run(`
    const { signal } = watchFaults(log);
    const open = setInterval(() => undefined, 1_000);
    signal.addEventListener("abort", () => { console.log("undone"); clearInterval(open); });
    ${mistake}`);
  expect({ status, lines, stderr }).toEqual({
    status: 125,
    lines: [SAID, "RangeError: planted", expect.stringContaining("Open an issue") as string, "undone"],
    stderr: "",
  });
  expect(lines[2]).toContain("docs/errors.md#internal-error");
});

it("after a mistake the file of the outputs tells no end of an earlier run", async () => {
  const base = mkdtempSync(join(tmpdir(), "faults-"));
  const outputs = join(base, "outputs.json");
  writeFileSync(outputs, '{"outcome":"succeeded","exit-code":"0"}');
  const mistake = join(base, "mistake.mjs");
  writeFileSync(mistake, 'setTimeout(() => { throw new RangeError("planted"); }, 1_500);');
  // No call is ever answered, so the run has not ended when the mistake comes.
  const server = createServer(() => undefined).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const { port } = server.address() as AddressInfo;
    const where = ["--cluster", "demo", "--task", "0".repeat(32), "--region", "eu-west-1"];
    const child = spawn(
      process.execPath,
      [
        ...[
          "--disable-warning=ExperimentalWarning",
          "--import",
          mistake,
          join(SOURCES, "doors/bin.ts"),
          "run",
        ],
        ...[...where, "--outputs-file", outputs, "--", "true"],
      ],
      {
        stdio: "ignore",
        env: {
          PATH: process.env["PATH"],
          AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
          AWS_ACCESS_KEY_ID: "EXAMPLE",
          AWS_SECRET_ACCESS_KEY: "example",
        },
      },
    );
    expect(await once(child, "close")).toEqual([125, null]);
    expect(JSON.parse(readFileSync(outputs, "utf8"))).toMatchObject({ outcome: "unknown", "exit-code": "" });
  } finally {
    server.closeAllConnections();
    server.close();
    rmSync(base, { recursive: true });
  }
});

it("says the first of several mistakes, and ends when nothing undoes what was begun", () => {
  const { status, lines } = run(`
    watchFaults(log, 200);
    setInterval(() => { throw new RangeError("planted"); }, 10);`);
  expect(status).toBe(125);
  expect(lines.filter((line) => line === SAID)).toHaveLength(1);
  expect(lines.at(-1)).toBe("left");
});

it("a program whose work is done ends with its exit code, although something is still open", () => {
  const { status, lines } = run(`
    process.exitCode = 3;
    setInterval(() => undefined, 1_000);
    endSoon(clock, (line) => console.log(line), 100);`);
  expect([status, lines]).toEqual([3, [expect.stringMatching(/^Something of this program had not ended/)]]);
});

it("a program that has nothing open ends at once, and says nothing", () => {
  const { status, lines } = run("endSoon(clock, (line) => console.log(line), 600_000);");
  expect([status, lines]).toEqual([0, [""]]);
});
