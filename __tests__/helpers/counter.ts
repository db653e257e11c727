import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface Counter {
  /** A script that adds 1: it reads the number, waits, and writes it. */
  readonly run: string;
  readonly value: () => number;
  readonly close: () => void;
}

/** A number that has no lock of its own, so that scripts that run at once lose an addition. It is told once `readable` resolves. */
export async function startCounter(readable: Promise<unknown> = Promise.resolve()): Promise<Counter> {
  let number = 0;
  const server = createServer((request, response) => {
    if (request.method === "PUT")
      number = Number(new URL(request.url ?? "/", "http://x").searchParams.get("n"));
    void readable.then(() => response.end(String(number)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const run = `n=$(curl -sf ${url})\nsleep 0.3\ncurl -sf -X PUT "${url}?n=$((n + 1))"`;
  return { run, value: () => number, close: () => server.close() };
}
