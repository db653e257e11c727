import { spawnSync } from "node:child_process";
import { Duplex } from "node:stream";
import type { Socket } from "node:net";
import { Connection } from "../../../src/session/forward/connection.ts";
import type { Client } from "../../../src/session/forward/clients.ts";
import type { Tunnel } from "../../../src/session/forward/tunnel.ts";

/** A connection to a program that takes a write only when the test lets it. */
function stalled() {
  const writes: Buffer[] = [];
  let take: () => void = () => undefined;
  let isEnded = false;
  const socket = Object.assign(
    new Duplex({
      read: () => undefined,
      write: (bytes: Buffer, _, done) => {
        writes.push(bytes);
        take = done;
      },
      writev: (all, done) => {
        writes.push(...all.map(({ chunk }) => chunk as Buffer));
        take = done;
      },
      final: (done) => {
        isEnded = true;
        done();
      },
    }),
    { setNoDelay: () => undefined },
  );
  const taken: number[] = [];
  const tunnel = {
    connect: (_: number, made: Client) => {
      client = made;
      return 1;
    },
    ready: () => undefined,
    consumed: (_: number, count: number) => taken.push(count),
  };
  let client: Client | undefined;
  new Connection(socket as unknown as Socket, tunnel as unknown as Tunnel, () => undefined).begin(0);
  if (client === undefined) throw new Error("it has not begun");
  return { client, writes, taken, isEnded: () => isEnded, take: () => take() };
}
const turn = () => new Promise((resolve) => void setImmediate(resolve));

/** A process whose connection gets an end and is broken off in the same turn. */
const ENDS_AND_BREAKS_OFF = `
  import { createServer, connect } from "node:net";
  import { breakOff } from ${JSON.stringify(new URL("../../../src/session/forward/connection.ts", import.meta.url).href)};
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.end("x");
    breakOff(socket);
    server.close();
  });
  server.listen(0, "127.0.0.1", () => connect(server.address().port, "127.0.0.1").on("error", () => undefined).resume());
`;

describe("a connection of this machine", () => {
  it("does not keep its process when it is broken off while its end is under way", () => {
    const words = ["--input-type=module", "--disable-warning=ExperimentalWarning", "-e", ENDS_AND_BREAKS_OFF];
    expect(spawnSync(process.execPath, words, { timeout: 20_000, killSignal: "SIGKILL" })).toMatchObject({
      status: 0,
      signal: null,
    });
  });

  it("holds the single bytes for a program that reads nothing in one write", async () => {
    const { client, writes, taken, take, isEnded } = stalled();
    const count = 50_000;
    for (let i = 0; i < count; i++) client.data(Buffer.of(i % 251));
    client.end();
    for (let i = 0; i < 2; i++) {
      take();
      await turn();
    }
    expect(writes.map(({ length }) => length)).toEqual([1, count - 1]);
    expect(Buffer.concat(writes)).toEqual(Buffer.from(Uint8Array.from({ length: count }, (_, i) => i % 251)));
    expect(taken).toEqual([1, count - 1]);
    expect(isEnded()).toBe(true);
  });
});
