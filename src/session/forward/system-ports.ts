import { createServer } from "node:net";
import type { LocalPorts } from "../../aws/world.ts";

/** The ports of the machine on which this process runs. */
export const systemPorts: LocalPorts = {
  uid: process.getuid?.(),
  listen: async ({ host, port }, onConnection) => {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, onConnection);
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host, port, exclusive: true }, resolve);
    });
    const address = server.address();
    return {
      port: typeof address === "object" && address !== null ? address.port : port,
      close: () => void server.close(),
    };
  },
};
