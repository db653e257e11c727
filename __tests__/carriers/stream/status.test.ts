import { type JobStatus, parseStatus } from "../../../src/carriers/stream/status.ts";

const worker = (index: number, exitCode: number, seconds: number, stopped = false) => ({
  worker: index,
  exitCode,
  seconds,
  stopped,
});

describe("a status", () => {
  it.each<[string, JobStatus]>([
    ["exited 0=0:12", { kind: "ended", reason: "exited", workers: [worker(0, 0, 12)] }],
    ["exited 0=3:1,1=0:2", { kind: "ended", reason: "exited", workers: [worker(0, 3, 1), worker(1, 0, 2)] }],
    [
      "timed-out 0=143:60!,1=0:2",
      { kind: "ended", reason: "timed-out", workers: [worker(0, 143, 60, true), worker(1, 0, 2)] },
    ],
    ["cancelled 0=130:1!", { kind: "ended", reason: "cancelled", workers: [worker(0, 130, 1, true)] }],
    ["exited 0=0:0.04", { kind: "ended", reason: "exited", workers: [worker(0, 0, 0.04)] }],
    ["exited 1=0:2,0=3:1", { kind: "ended", reason: "exited", workers: [worker(0, 3, 1), worker(1, 0, 2)] }],
    [
      "exited 0=2:0.01b,1=2:1",
      {
        kind: "ended",
        reason: "exited",
        workers: [{ ...worker(0, 2, 0.01), hasBash: true }, worker(1, 2, 1)],
      },
    ],
    ["fenced 0=143:1!", { kind: "fenced" }],
    [
      "exited 0=255:9999999999",
      { kind: "ended", reason: "exited", workers: [worker(0, 255, 9_999_999_999)] },
    ],
    ["refused no awk", { kind: "refused", code: "job", text: "no awk" }],
    ["refused user: there is no 'x'", { kind: "refused", code: "user", text: "there is no 'x'" }],
    ["refused shell: no 'y': z", { kind: "refused", code: "shell", text: "no 'y': z" }],
    ["refused tool: no setpriv", { kind: "refused", code: "job", text: "no setpriv" }],
    ["refused constructor: x", { kind: "refused", code: "job", text: "constructor: x" }],
    ["lost no space left", { kind: "lost", text: "no space left" }],
    ["lost @3.12 no space left", { kind: "lost", text: "no space left", unbegun: { order: 3, index: 12 } }],
    ["lost @3 no space left", { kind: "lost", text: "@3 no space left" }],
  ])("%s", (text, status) => {
    const workers = status.kind === "ended" ? status.workers.length : 1;
    expect(parseStatus(text, workers, true)).toEqual(status);
  });

  it.each([
    "",
    "exited",
    "exited ",
    "exited 0",
    "exited 0=",
    "exited 0=0",
    "exited 0=0:1,",
    "ended 0=0:1",
    "exited 0=x:1",
    "exited 0=0:1 1=0:1",
    "exited 0=256:1",
    "exited 0=-1:1",
    "exited 0=0:-5",
    "exited 0=0:1.",
    "exited 0=2:1B",
    "exited 0=0:1.2.3",
    "exited 0=0000:1",
    "exited 1=0:1",
    "exited 0=0:1,1=0:1",
    "exited 0=0:1,0=0:1",
    "exited 0=0:1,x",
    "exited 0=0:99999999999",
    // The job has no lock.
    "fenced 0=143:1!",
  ])("is never success when it can't be read: %j", (text) => {
    expect(parseStatus(text, 1)).toEqual({ kind: "lost", text: text.trim() });
  });

  it.each([
    "fenced x",
    "fenced 0=143:1!",
    "exited 0=0:1",
    "exited 0=0:1,0=0:1",
    "exited 0=0:1,2=0:1",
    "exited 0=0:1,1=0:1,2=0:1",
  ])("is lost when its workers are not those of the run: %j", (text) => {
    expect(parseStatus(text, 2, true)).toEqual({ kind: "lost", text });
  });
});
