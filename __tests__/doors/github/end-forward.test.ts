import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endForward } from "../../../src/doors/github/end-forward.ts";
import { type JournalRecord, JournalWriter } from "../../../src/doors/github/journal.ts";
import { identityOf } from "../../../src/doors/github/process-identity.ts";
import { realWorld } from "../../../src/run/step/world.ts";
import { Listener } from "../../helpers/listener.ts";

const ledger = (...sessions: readonly string[]): JournalRecord => ({
  kind: "ledger",
  page: {
    region: "eu-west-1",
    page: 0,
    undo: sessions.map((sessionId) => ({ kind: "session" as const, sessionId })),
  },
});

/** The post step of a forward whose process runs this script, and has written these records. */
async function end(script: string, ...records: readonly JournalRecord[]) {
  const directory = mkdtempSync(join(tmpdir(), "end-forward-"));
  const journal = new JournalWriter(directory);
  for (const record of records) journal.write(record);
  const child = spawn("sh", ["-c", script, directory], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "close");
  const identity = identityOf(child.pid ?? 0);
  await once(child.stdout, "data");
  if (!script.includes("exec")) await ended;
  const env = { STATE_forward: JSON.stringify({ directory, process: identity, shown: 0 }) };
  const log = Object.assign(new Listener(), { open: () => undefined });
  const state = await endForward({ world: { ...realWorld, env } }, log);
  await ended;
  expect(existsSync(directory)).toBe(false);
  return { lines: log.lines, state };
}

const ENDED = `echo begun`;
const RUNS = `trap 'printf "%s\\n" "{\\"kind\\":\\"end\\",\\"outcome\\":\\"succeeded\\"}" >>"$0/journal"; exit 0' TERM
  echo begun; while :; do sleep 0.05; done # no exec`;

it("ends a process that runs, and shows what it has to say", async () => {
  const carried: JournalRecord = { kind: "log", call: "info", words: ["The forward carried 1 connection."] };
  const { lines, state } = await end(RUNS, ledger("s-1"), carried, ledger());
  expect([lines, state?.undo]).toEqual([["The forward carried 1 connection."], []]);
});

it("tells why a forward had ended before, and what is left of it", async () => {
  const error = { title: "fargate-exec: session-lost", text: "The forward is lost." };
  const { lines, state } = await end(ENDED, ledger("s-1"), { kind: "end", outcome: "not-started", error });
  expect(lines).toEqual(["warning: The forward had ended before this step.\nThe forward is lost."]);
  expect(state?.undo).toEqual([{ kind: "session", sessionId: "s-1" }]);
});

it("tells of a forward that another process has ended, and not of its own signal", async () => {
  const { lines } = await end(ENDED, {
    kind: "end",
    outcome: "succeeded",
    error: undefined,
    signal: "SIGTERM",
  });
  expect(lines).toEqual([
    expect.stringMatching(
      /^warning: The forward had ended before this step: another process sent SIGTERM .*connections were lost\.$/,
    ),
  ]);
  const own = await end(RUNS.replace(/succeeded../, (outcome) => `${outcome},\\"signal\\":\\"SIGTERM\\"`));
  expect(own.lines).toEqual([]);
});

it("tells of a process that was killed, and has nothing to say of a cancel", async () => {
  const killed = await end(ENDED, ledger("s-1"));
  expect(killed.lines).toEqual([expect.stringContaining("was gone before this step, and has left no word.")]);
  const error = { title: "fargate-exec: cancelled", text: "The run was cancelled." };
  const cancelled = await end(ENDED, { kind: "end", outcome: "cancelled", error });
  expect([cancelled.lines, cancelled.state]).toEqual([[], undefined]);
});
