import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  journalDisplay,
  JournalReader,
  type JournalRecord,
  JournalWriter,
  replay,
} from "../../../src/doors/github/journal.ts";
import { Listener } from "../../helpers/listener.ts";

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "journal-"))));
afterEach(() => rmSync(directory, { recursive: true }));

const linesOf = (records: readonly JournalRecord[]): readonly string[] => {
  const log = new Listener();
  for (const record of records) if (record.kind === "log") replay(record, log);
  return log.lines;
};

it("a journal is read record by record while it is written, and goes on where another reader was", () => {
  const reader = new JournalReader(directory);
  expect(reader.read()).toEqual([]);
  const journal = new JournalWriter(directory);
  const display = journalDisplay(journal, false);
  display.info("one");
  display.debug("not asked for");
  journal.write({ kind: "ready", ports: [1, 2] });
  expect(reader.read()).toEqual([
    { kind: "log", call: "info", words: ["one"] },
    { kind: "ready", ports: [1, 2] },
  ]);
  display.warnOnce("two", "errors.md");
  display.warnOnce("two", "errors.md");
  // A process that is killed may have written the half of a record.
  appendFileSync(join(directory, "journal"), '{"kind":"lo');
  expect(linesOf(new JournalReader(directory, reader.at).read())).toEqual(["warning: two"]);
  expect(statSync(join(directory, "journal")).mode & 0o777).toBe(0o600);
});

it("a reader reads only what has come since its last call, however much stands before", () => {
  const path = join(directory, "journal");
  const before = 3 * 2 ** 30;
  writeFileSync(path, "");
  truncateSync(path, before);
  appendFileSync(path, `${JSON.stringify({ kind: "ready", ports: [1] })}\n`);
  const reader = new JournalReader(directory, before);
  expect(reader.read()).toEqual([{ kind: "ready", ports: [1] }]);
  expect([reader.read(), reader.at]).toEqual([[], statSync(path).size]);
});

it("a log without end does not fill the disk, and the ledger and the end are written all the same", () => {
  const journal = new JournalWriter(directory);
  const display = journalDisplay(journal, false);
  for (let i = 0; i < 3_000; i++) display.info("x".repeat(1_000));
  journal.write({ kind: "end", outcome: "succeeded", error: undefined });
  expect(readFileSync(join(directory, "journal")).length).toBeLessThan(1_100_000);
  const records = new JournalReader(directory).read();
  expect(linesOf(records).at(-1)).toBe("warning: The forward has logged much. The rest is left out.");
  expect(records.at(-1)).toEqual({ kind: "end", outcome: "succeeded" });
});
