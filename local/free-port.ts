import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

/**
 * A port of this machine that the kernel has just given and taken back. The kernel gives other ports before it gives
 * this one again.
 */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
