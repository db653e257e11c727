import { signUpgrade } from "../../src/aws/sign-upgrade.ts";
import { systemClock } from "../../src/clock.ts";
import type { Session, SessionOptions } from "../../src/session/session.ts";
import { openSession } from "../../src/session/session.ts";
import { openWebSocket } from "../../src/session/transport/web-socket.ts";
import type { GatewayOptions } from "./gateway.ts";
import { Gateway } from "./gateway.ts";
import { Listener } from "./listener.ts";

const trusted: string[] = [];

export const AWS: SessionOptions["aws"] = {
  region: "eu-west-1",
  signUpgrade: (url, now) =>
    signUpgrade({
      ...{ url, now, region: "eu-west-1" },
      credentials: () => Promise.resolve({ accessKeyId: "AKIDEXAMPLE", secretAccessKey: "example-secret" }),
    }),
  // The tests' gateways have addresses that no gateway of AWS has.
  gatewayEndpoints: () => trusted,
  agent: () => Promise.resolve(undefined),
  openSocket: openWebSocket,
};

const running: (() => Promise<unknown>)[] = [];

/** Registers what is to be undone after the test. The newest is undone first. */
export function later(stop: () => Promise<unknown>): void {
  running.unshift(stop);
}

export async function stopAll(): Promise<void> {
  for (const stop of running.splice(0)) await stop();
}

export async function startGateway(options?: GatewayOptions): Promise<Gateway> {
  const gateway = await Gateway.start(options);
  trusted.push(new URL(gateway.url).origin.replace(/^ws/, "http"));
  later(() => gateway.stop());
  return gateway;
}

export function optionsFor(gateway: { url: string }, more: Partial<SessionOptions> = {}): SessionOptions {
  return {
    sessionId: "ecs-execute-command-1",
    streamUrl: gateway.url,
    token: "s3cret",
    sessionTarget: "ecs:c_t_r",
    encryption: { kind: "unknown" },
    aws: AWS,
    log: new Listener(),
    clock: systemClock,
    ...more,
  };
}

export async function open(gateway: Gateway, more: Partial<SessionOptions> = {}): Promise<Session> {
  const session = await openSession(optionsFor(gateway, more));
  later(() => session.close());
  await gateway.untilOpen();
  return session;
}

export async function readAll(session: Session): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const bytes of session.output) chunks.push(bytes);
  return Buffer.concat(chunks).toString();
}
