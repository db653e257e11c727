import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Failure } from "../../src/errors.ts";
import { payloadFile } from "../../src/payload/container-files.ts";
import { thrownBy } from "../helpers/thrown.ts";

describe("a file of the payload", () => {
  const directory = mkdtempSync(join(tmpdir(), "container-"));
  afterAll(() => rmSync(directory, { recursive: true }));

  it("is read each time it is asked for", () => {
    for (const text of ["one\n", "two\n"]) {
      writeFileSync(join(directory, "part.sh"), text);
      expect(payloadFile("part.sh", directory)).toBe(text);
    }
  });

  it("that is missing is reported with its name, its path and what to do", () => {
    const failure = thrownBy(() => payloadFile("lost.sh", directory)) as Failure;
    expect(failure.code).toBe("action-incomplete");
    expect(failure.failed).toContain("'container/lost.sh'");
    expect(failure.seen).toBe(`Error: ENOENT: no such file or directory, open '${directory}/lost.sh'.`);
    expect(failure.advice).toContain("'dist/container/'");
  });
});
