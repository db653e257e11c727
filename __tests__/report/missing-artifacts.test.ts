import { parseFact } from "../../src/report/artifacts/facts.ts";
import { MissingArtifacts, ofArtifacts } from "../../src/report/missing-artifacts.ts";

const missing = () => new MissingArtifacts(ofArtifacts({ globs: [], maxCount: 10_000, maxBytes: 1 << 30 }));

it("a fact has room for the longest path, whatever its characters are in JSON", () => {
  // Python's json.dumps, as artifacts.py calls it: six characters for each of these, the first in two bytes.
  for (const [name, json] of [
    ["я".repeat(2_048), "\\u044f".repeat(2_048)],
    ["\u0001".repeat(4_096), "\\u0001".repeat(4_096)],
  ]) {
    expect(parseFact(`list 1 "${json}"`)).toEqual({ kind: "list", size: 1, name });
    const why = "it was cut while it was read, and ends with NUL bytes";
    expect(parseFact(`unread "${json}" ${why}`)).toEqual({ kind: "unread", name, why });
  }
});

it("a text that is longer than any fact is ignored", () => {
  for (const text of [`list 1 "${"n".repeat(26_000)}"`, `lacking ${"n".repeat(26_000)}`])
    expect(parseFact(text)).toBeUndefined();
});

it("files that the container does not name are reported without a name", () => {
  const artifacts = missing();
  artifacts.take({ kind: "unread", name: "a", why: "Permission denied" });
  artifacts.take({ kind: "unread", name: "", why: "12 more" });
  artifacts.take({ kind: "end", length: 0, sha256: "-" });
  expect(artifacts.problems(undefined)).toEqual([
    "'a' can't be read: Permission denied.",
    "Files can't be read: 12 more.",
  ]);
});

it("names are held up to 16 MiB, and those beyond are only counted", () => {
  const artifacts = missing();
  const names = Array.from({ length: 3_000 }, (_, i) => `${i}`.padEnd(8_000, "n"));
  for (const name of names) artifacts.take({ kind: "list", size: 1, name });
  artifacts.take({ kind: "cut" });
  expect(artifacts.problems(undefined)).toEqual([expect.stringMatching(/: '0n+…' .* and 2995 more\.$/)]);
  const held = Math.floor((16 * 1024 * 1024) / 8_000);
  for (const name of names.slice(0, held)) artifacts.noteUnpacked(name);
  expect(artifacts.problems(undefined)).toEqual([
    expect.stringMatching(RegExp(`was over\\. Missing: ${3_000 - held} files\\.$`)),
  ]);
  for (const name of names.slice(held)) artifacts.noteUnpacked(name);
  expect(artifacts.problems(undefined)).toEqual([expect.stringMatching(/was over\.$/)]);
});

it.each([
  [0, undefined],
  [1, "Artifacts left out: .0, as no line of 'artifacts' names it."],
  [2, "Artifacts left out: .0, .1, as no line of 'artifacts' names them."],
  [7, "Artifacts left out: .0, .1, .2, .3, .4 and 2 more, as no line of 'artifacts' names them."],
])("%i files whose names begin with a dot are told as %j", (count, told) => {
  const artifacts = missing();
  for (let at = 0; at < count; at += 1) artifacts.noteLeftOut(`.${at}`);
  expect(artifacts.leftOut()).toBe(told);
});
