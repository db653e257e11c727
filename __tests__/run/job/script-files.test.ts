import { ScriptFiles } from "../../../src/run/job/script-files.ts";
import { SharedMemory } from "../../../src/shared-memory.ts";

const written = (text: string) =>
  ({ kind: "file-command", file: "output", worker: 0, bytes: Buffer.from(text), ends: false }) as const;

it("files that are given up take nothing of the memory that other jobs may have", () => {
  const memory = new SharedMemory(100);
  let isLost = false;
  const other = memory.share(() => (isLost = true));
  const files = new ScriptFiles(memory);
  files.take(written("result=of the job"));
  files.giveUp();
  other.hold(100);
  expect([isLost, files.written().output]).toEqual([false, [{ worker: 0, text: "", leftOut: 17 }]]);
});
