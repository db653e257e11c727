import { parseFact } from "../../src/artifacts/facts.ts";
import { MissingArtifacts } from "../../src/report/artifacts.ts";

const missing = () =>
  new MissingArtifacts({
    ...{ globs: [], directory: "/w/artifacts", within: ["/w"] },
    ...{ maxCount: 10_000, maxBytes: 1 << 30, missing: "warn", declare: false },
  });

it("a fact that is too long for a path is none", () => {
  expect(parseFact(`list 1 "${"n".repeat(4_096)}"`)).toMatchObject({ kind: "list", size: 1 });
  for (const text of [`list 1 "${"n".repeat(9_000)}"`, `lacking ${"n".repeat(9_000)}`])
    expect(parseFact(text)).toBeUndefined();
});

it("names are held up to 16 MiB, and counted beyond", () => {
  const artifacts = missing();
  const names = Array.from({ length: 3_000 }, (_, i) => `${i}`.padEnd(8_000, "n"));
  for (const name of names) artifacts.take({ kind: "list", size: 1, name });
  artifacts.take({ kind: "cut" });
  expect(artifacts.problems(undefined)).toEqual([expect.stringMatching(/: '0n+…' .* and 2995 more\.$/)]);
  const held = Math.floor((16 * 1024 * 1024) / 8_000);
  for (const name of names.slice(0, held)) artifacts.place(name);
  expect(artifacts.problems(undefined)).toEqual([
    expect.stringMatching(RegExp(`was over\\. Missing: ${3_000 - held} files\\.$`)),
  ]);
  for (const name of names.slice(held)) artifacts.place(name);
  expect(artifacts.problems(undefined)).toEqual([expect.stringMatching(/was over\.$/)]);
});
