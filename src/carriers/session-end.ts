import { Failure, type FailureCode } from "../errors.ts";
import type { SessionEnd } from "../session/end.ts";
import type { CarrierEnd } from "./job-end.ts";

/** Why a session ended without the job's status. */
export type SessionEndReason =
  /** The agent found no shell in the image to start the command with. */
  | { readonly kind: "no-shell"; readonly said: string }
  /** The agent can't encrypt the session, or the session's log. */
  | { readonly kind: "encryption-refused"; readonly said: string }
  /** The action gave the session up before it typed anything, for a reason that another session would repeat. */
  | { readonly kind: "given-up"; readonly failure: Failure }
  /** The agent or the gateway closed it, with this reason or without one. */
  | { readonly kind: "closed"; readonly said: string | undefined }
  | { readonly kind: "lost"; readonly why: string; readonly cause: unknown }
  /** The action closed it. The command may still run. */
  | { readonly kind: "closed-here" };

/** What the agent says in `channel_closed` (amazon-ssm-agent `agent/session`: `shell.go`, `config.go`, `datachannel.go`). */
const AGENT_TEXTS = [
  ["no-shell", /Unable to start command/],
  ["encryption-refused", /encryption is not set up|unable to validate encryption|initiating handshake/i],
] as const;
/** The heading that the agent puts over a reason. */
const HEADING = /-{3,}ERROR-{3,}/;

/**
 * Failures for which the action gives a session up: no right to its data key, and encryption that is not the
 * cluster's.
 */
const GIVEN_UP: ReadonlySet<FailureCode> = new Set(["access-denied", "encryption-mismatch"]);

/** Classifies the end of a session. Only this function reads the agent's texts. */
export function sessionEndReason(end: SessionEnd): SessionEndReason {
  switch (end.kind) {
    case "closed": {
      const said = end.text?.replace(HEADING, "").trim();
      if (!said) return { kind: "closed", said: undefined };
      const [kind = "closed"] = AGENT_TEXTS.find(([, pattern]) => pattern.test(said)) ?? [];
      return { kind, said };
    }
    case "lost": {
      const { why, cause } = end;
      if (cause instanceof Failure && GIVEN_UP.has(cause.code)) return { kind: "given-up", failure: cause };
      return { kind: "lost", why, cause };
    }
    case "closed-here":
      return end;
  }
}

/** Why a session was given up in which nothing came for `ms`, after `received` bytes. */
export function whySilent(ms: number, received: number): string {
  return received > 0
    ? `nothing came for ${ms / 1000} s, though the container says more often that it is there`
    : `the exec agent opened no session within ${ms / 1000} s`;
}

/** True for an end that another session would repeat: the command was not started. */
export function isFinal(end: CarrierEnd): boolean {
  if (end.kind !== "ended") return false;
  const { kind } = sessionEndReason(end.end);
  return kind === "no-shell" || kind === "encryption-refused" || kind === "given-up";
}

/** The reason as a sentence of the log. */
export function describeEnd(end: SessionEnd): string {
  const reason = sessionEndReason(end);
  switch (reason.kind) {
    case "lost":
      return `${reason.why}.`;
    case "given-up":
      return reason.failure.failed;
    case "closed-here":
      return "closed by the run.";
    default:
      return reason.said ?? "closed by the other side, without a reason.";
  }
}

/** True when the action gave the session up before it typed anything, because its encryption is not the cluster's. */
export function isMismatch(end: CarrierEnd): boolean {
  if (end.kind !== "ended") return false;
  const reason = sessionEndReason(end.end);
  return reason.kind === "given-up" && reason.failure.code === "encryption-mismatch";
}
