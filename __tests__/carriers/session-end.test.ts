import { Failure } from "../../src/errors.ts";
import { describeEnd, sessionEndReason, isFinal } from "../../src/carriers/session-end.ts";
import type { SessionEnd } from "../../src/session/end.ts";

const closed = (text: string): SessionEnd => ({ kind: "closed", text });
const lost = (cause?: unknown): SessionEnd => ({ kind: "lost", why: "the network is gone", cause });
const failure = (code: Failure["code"]) => new Failure(code, { failed: "f", seen: "", advice: "" });
const HEADING = "\n----------ERROR-------\n";

describe("the end of a session", () => {
  it.each<[string, SessionEnd, string, boolean]>([
    [
      "a command that can't start",
      closed(`${HEADING}Unable to start command: Failed to start pty: …`),
      "no-shell",
      true,
    ],
    [
      "a handshake that failed",
      closed(`${HEADING}Encountered error while initiating handshake. Handshake timed out.`),
      "encryption-refused",
      true,
    ],
    [
      "a log group without encryption",
      closed("We couldn't start the session because encryption is not set up on the selected log group."),
      "encryption-refused",
      true,
    ],
    [
      "a log bucket that can't be looked at",
      closed("Couldn't start the session because we are unable to validate encryption on Amazon S3 bucket."),
      "encryption-refused",
      true,
    ],
    ["a data key that may not be made", lost(failure("access-denied")), "given-up", true],
    ["encryption that is not the cluster's", lost(failure("encryption-mismatch")), "given-up", true],
    ["an end without words", closed(""), "closed", false],
    ["words that stand for nothing else", closed("Session is timed out"), "closed", false],
    ["a cut", lost(), "lost", false],
    ["a cut by a failure that a moment mends", lost(failure("aws-unreachable")), "lost", false],
    ["an end by the action itself", { kind: "closed-here" }, "closed-here", false],
  ])("is classified by its kind and the agent's words: %s", (_, end, kind, final) => {
    expect(sessionEndReason(end).kind).toBe(kind);
    expect(isFinal({ kind: "ended", end, attached: false })).toBe(final);
    expect(describeEnd(end)).toMatch(/\S/);
  });

  it("has the agent's words without their heading", () => {
    expect(sessionEndReason(closed(`${HEADING}no more\n`))).toEqual({ kind: "closed", said: "no more" });
  });
});
