import { doubleQuote, quote } from "./quote.ts";
import { PLACES, shortened, stopSource } from "./container-source.ts";

/**
 * A command that stops the job of this run, for when no session can tell it to, and takes its directory away. A job
 * whose session is yet to come is waited for, ten seconds; one second where the session is known, for that was ended.
 * It needs no reader: the agent runs a command before a client has connected to its session, unless the cluster
 * encrypts its sessions.
 */
export function stopCommand(runId: string, { sessionKnown = false } = {}): string {
  const script = [
    `fx_id=${quote(runId)} fx_tries=${sessionKnown ? 2 : 20}`,
    `fx_places=${doubleQuote(PLACES.join(" "))}`,
    shortened(stopSource()),
  ].join("\n");
  return `/bin/sh -c ${quote(script)}`;
}
