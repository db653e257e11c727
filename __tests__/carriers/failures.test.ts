import { AccessDenied, EncryptionRefused, type Failure } from "../../src/errors.ts";
import { failureOfEnd } from "../../src/carriers/failures.ts";
import type { SessionEnd } from "../../src/session/end.ts";

type EndWithoutStatus = Parameters<typeof failureOfEnd>[0];

const failureWithout = (followed: EndWithoutStatus): Failure =>
  failureOfEnd(followed, { container: "app", taskId: "0123" }, "s-1");
const ended = (end: SessionEnd, attached = false): EndWithoutStatus => ({ kind: "ended", end, attached });
const closed = (text: string): SessionEnd => ({ kind: "closed", text });

describe("a session without a status", () => {
  it.each<[string, EndWithoutStatus, Failure["code"], RegExp]>([
    [
      "no boto3",
      { kind: "refused", code: "no-boto3", text: "none" },
      "download-failed",
      /The image needs python3 or curl/,
    ],
    [
      "no right to the object",
      { kind: "refused", code: "download", text: "An error occurred (403): Forbidden" },
      "download-failed",
      /s3:GetObject/,
    ],
    ["no way to turn echo off", { kind: "refused", code: "echo", text: "" }, "container-refused", /stty/],
    [
      "a job that is lost",
      { kind: "refused", code: "lost", text: "it was killed" },
      "no-status",
      /was killed/,
    ],
    ["no job any more", { kind: "refused", code: "gone", text: "it is gone" }, "no-status", /gone/],
    [
      "no place to write",
      { kind: "refused", code: "job-directory", text: "no writable directory" },
      "container-refused",
      /writable/,
    ],
    ["a log with nothing", { kind: "missing", attached: false }, "no-status", /Nothing of the job/],
    ["a log without the end", { kind: "missing", attached: true }, "no-status", /not its end/],
    [
      "bytes that are missing",
      { kind: "gap", expected: 10, got: 4, offset: 0 },
      "no-status",
      /byte 10 .* byte 4/,
    ],
    ["no shell", ended(closed("Unable to start command: no such file")), "no-shell", /\/bin\/sh/],
    [
      "a log without encryption",
      ended(closed("encryption is not set up on the selected group")),
      "session-refused",
      /kms:Decrypt/,
    ],
    [
      "a handshake that failed",
      ended(closed("error when initiating Handshake")),
      "session-refused",
      /kms:Decrypt/,
    ],
    ["an end before the job", ended(closed("")), "session-lost", /without a reason/],
    [
      "an end before the job, with words",
      ended(closed("----------ERROR-------\nno more")),
      "session-lost",
      /closed: no more/,
    ],
    ["an end while the job runs", ended(closed("timed out"), true), "no-status", /timed out/],
    [
      "a loss while the job runs",
      ended({ kind: "lost", why: "the network is gone" }, true),
      "no-status",
      /lost: the network is gone/,
    ],
    [
      "an end of the session by the action",
      ended({ kind: "closed-here" }, true),
      "no-status",
      /The run closed it when the job's time was over/,
    ],
  ])("is explained by a failure: %s", (_, followed, code, words) => {
    const failure = failureWithout(followed);
    expect(failure.code).toBe(code);
    expect(failure.message).toMatch(words);
    // `failed` and `advice` are sentences. `seen` may be the agent's own words, without their heading.
    for (const part of [failure.failed, failure.advice]) expect(part).toMatch(/\S.*\.$/s);
    expect(failure.seen).toMatch(/\S{2}/);
    expect(failure.message).not.toMatch(/---|undefined/);
  });

  it("names the container, and what it said", () => {
    const failure = failureWithout({ kind: "refused", code: "download", text: "No module named 'boto3'" });
    expect(failure.failed).toContain("container 'app' of task 0123");
    expect(failure.seen).toContain("No module named 'boto3'");
  });

  it("is an EncryptionRefused when the agent refuses because of the encryption", () => {
    expect(failureWithout(ended(closed("error when initiating handshake")))).toBeInstanceOf(
      EncryptionRefused,
    );
  });

  it("names the session that gave no status", () => {
    expect(failureWithout(ended(closed(""), true)).failed).toContain("'s-1'");
  });

  it("keeps the failure of a missing right unchanged", () => {
    const cause = new AccessDenied(
      { action: "kms:GenerateDataKey", isNamed: false },
      { failed: "f", seen: "s", advice: "a" },
    );
    expect(failureWithout(ended({ kind: "lost", why: "no key", cause }))).toBe(cause);
  });

  it("keeps the cause of a loss", () => {
    const cause = new Error("ECONNRESET");
    expect(failureWithout(ended({ kind: "lost", why: "reset", cause }, true)).cause).toBe(cause);
  });
});
