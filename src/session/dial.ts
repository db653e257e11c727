import type { SessionTicket } from "../aws/ecs.ts";
import type { AwsClients } from "../aws/clients.ts";
import type { Log } from "../log.ts";
import { unlessAborted } from "./bounded.ts";
import { signUpgrade } from "./sign.ts";
import type { Socket, SocketOptions } from "./socket.ts";
import { connect, NotConnected } from "./socket.ts";

export interface DialOptions extends Omit<SocketOptions, "url" | "headers" | "agent"> {
  readonly ticket: SessionTicket;
  readonly aws: Pick<AwsClients, "region" | "credentials" | "proxy">;
  readonly log: Log;
  /** For the whole of it, in milliseconds. */
  readonly patience: number;
}

/**
 * A socket to the gateway: signed anew, through the proxy if there is one. Rejects with `NotConnected`, or with the
 * signal's reason.
 */
export async function dial(options: DialOptions): Promise<Socket> {
  const { ticket, aws, clock, patience, signal } = options;
  const settled = new AbortController();
  const late = new AbortController();
  clock.sleep(patience, settled.signal).then(
    () => late.abort(new NotConnected(`no answer within ${Math.round(patience / 1000)} s`, undefined)),
    () => undefined, // settled in time
  );
  const giveUp = AbortSignal.any([signal, late.signal]);
  try {
    const [headers, agent] = await unlessAborted(Promise.all([sign(options), aws.proxy()]), giveUp);
    return await connect({ ...options, url: ticket.streamUrl, headers, agent, signal: giveUp });
  } finally {
    settled.abort();
  }
}

/** A signature that cannot be made is no reason to give up: gateways have taken unsigned requests for years. */
async function sign({ ticket, aws, log, clock, signal }: DialOptions): Promise<Record<string, string>> {
  try {
    const { region, credentials } = aws;
    return await signUpgrade({ url: ticket.streamUrl, region, credentials, now: clock.now() });
  } catch (error) {
    signal.throwIfAborted();
    const why = error instanceof Error ? error.message : String(error);
    log.warning(
      `The request for session '${ticket.sessionId}' goes unsigned: it could not be signed (${why}).`,
    );
    return {};
  }
}
