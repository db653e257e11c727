import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { carryOut } from "../../../src/doors/cli/carry-out.ts";
import { SHELL_OPTIONS } from "../../../src/doors/cli/shell-command.ts";

const outputs = {
  ...{ outcome: "succeeded", "exit-code": "7", "task-arn": "arn:task", "task-id": "t", "session-id": "s" },
  ...{
    "private-ip": "10.0.0.7",
    "public-ip": "",
    stdout: "",
    stderr: "",
    handle: "",
    tests: "",
    results: "[]",
  },
};

/** The file of the outputs that a command with these options writes. */
async function fileOf(own: Parameters<typeof carryOut>[1]): Promise<unknown> {
  const directory = mkdtempSync(join(tmpdir(), "carry-out-"));
  const outputsFile = join(directory, "outputs.json");
  try {
    await carryOut({}, { ...own, outputsFile, quiet: true }, () =>
      Promise.resolve({ outcome: "succeeded", exitCode: 7, outputs, error: undefined }),
    );
    return JSON.parse(readFileSync(outputsFile, "utf8"));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

it("a run writes all of its outputs, and a shell those that a shell has", async () => {
  expect(await fileOf({})).toEqual(outputs);
  expect(await fileOf(SHELL_OPTIONS)).toEqual({
    ...{ outcome: "succeeded", "exit-code": "7", "task-arn": "arn:task", "task-id": "t", "session-id": "s" },
    "private-ip": "10.0.0.7",
  });
});
