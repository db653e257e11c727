import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

/**
 * A port of this machine that was free a moment ago. The kernel gave it to a server that is closed again, and gives other ports
 * before it gives this one again.
 */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
