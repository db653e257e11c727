import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { asRoot } from "../../../local/task/isolate.ts";
import { ownerOf } from "../../../src/session/forward/local-user.ts";
import { withNeed } from "../../helpers/needs.ts";

const asOther = withNeed(it, "root", asRoot ? undefined : "only root can start a process of another user");
const NOBODY = 65_534;

let server: Server;
let port: number;
const children: ChildProcess[] = [];

beforeAll(async () => {
  server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  port = typeof address === "object" && address !== null ? address.port : 0;
});
afterAll(() => void server.close());
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

/** A process of this user connects, and then runs this Python. */
async function connectAs(uid: number | undefined, then: string): Promise<Socket> {
  const program = `import socket, sys, time\ns = socket.create_connection(("127.0.0.1", ${port}))\n${then}`;
  const child = spawn("python3", ["-Ic", program], { stdio: "inherit", ...(uid !== undefined && { uid }) });
  children.push(child);
  const [socket] = (await once(server, "connection")) as [Socket];
  socket.on("error", () => undefined);
  if (then === "") await once(child, "close");
  return socket;
}

const owner = ({ remotePort = 0 }: Socket, tables?: readonly string[]) =>
  ownerOf({ clientPort: remotePort, listenerPort: port }, tables);

describe("the owner of a connection", () => {
  it("is our own user", async () => {
    const socket = await connectAs(undefined, "time.sleep(600)");
    expect(owner(socket)).toEqual({ uid: process.getuid?.() });
    socket.destroy();
  });

  asOther("is another user of this machine", async () => {
    const socket = await connectAs(NOBODY, "time.sleep(600)");
    expect(owner(socket)).toEqual({ uid: NOBODY });
    socket.destroy();
  });

  // The kernel says user 0 of a socket that no process has any more.
  asOther("is not root once the other user has closed it", async () => {
    const socket = await connectAs(NOBODY, "");
    expect(owner(socket)).toBe("gone");
    socket.destroy();
  });

  it("is not seen where the system shows no sockets", async () => {
    const socket = await connectAs(undefined, "time.sleep(600)");
    expect(owner(socket, ["/proc/no-such-table"])).toBe("unseen");
    socket.destroy();
  });
});
