import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { asRoot } from "../../../local/task/isolate.ts";
import { systemClock } from "../../../src/clock.ts";
import { LocalSockets, type Owner, readTables } from "../../../src/session/forward/local-user.ts";
import { withNeed } from "../../helpers/needs.ts";
import { isShown } from "../../helpers/shown-sockets.ts";
import { eventually } from "../../helpers/until.ts";
import { PYTHON } from "../../helpers/tools.ts";

const asOther = withNeed(it, "root", asRoot ? undefined : "only root can start a process of another user");
const NOBODY = 65_534;

let server: Server;
let port: number;
const children: ChildProcess[] = [];

beforeAll(async () => {
  server = createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  port = typeof address === "object" && address !== null ? address.port : 0;
});
afterAll(() => void server.close());
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

/** A process of this user connects, and then runs this Python. */
async function connectAs(uid: number | undefined, then: string, from = "None"): Promise<Socket> {
  const program = `import socket, sys, time\ns = socket.create_connection(("127.0.0.1", ${port}), source_address=${from})\n${then}`;
  const child = spawn(PYTHON, ["-Ic", program], { stdio: "inherit", ...(uid !== undefined && { uid }) });
  children.push(child);
  const [socket] = (await once(server, "connection")) as [Socket];
  socket.on("error", () => undefined);
  if (then === "") await once(child, "close");
  return socket;
}

const ends = (socket: Socket) => ({
  client: { address: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 },
  listener: { address: socket.localAddress ?? "", port: socket.localPort ?? 0 },
});
/** What is to be seen of connections to our server. */
const shown = (owner: Owner): Owner => (isShown(port) ? owner : "unseen");
const OURS: Owner = { uid: process.getuid?.() ?? 0 };
const owner = (socket: Socket) => new LocalSockets(() => readTables(systemClock)).ownerOf(ends(socket));

async function* inSlices(rows: readonly string[]) {
  await Promise.resolve();
  yield rows;
}

type Row = readonly [ends: string, uid: number, inode: number];

/** A table with these sockets beside the listener at 127.0.0.1:5432. */
function rowsOf(...rows: readonly Row[]) {
  const all: readonly Row[] = [["0100007F:1538 00000000:0000 0A", 1000, 5], ...rows];
  const rest = (uid: number): string => `00000000:00000000 00:00000000 00000000 ${String(uid).padStart(5)}`;
  return inSlices([
    "  sl  local_address",
    ...all.map(([ends, uid, inode]) => `   0: ${ends} ${rest(uid)}        0 ${inode} 1`),
  ]);
}
const tables = (...rows: readonly Row[]) => new LocalSockets(() => rowsOf(...rows));
const CONNECTION = {
  client: { address: "127.0.0.1", port: 40_000 },
  listener: { address: "127.0.0.1", port: 5432 },
};
const MINE = ["0100007F:9C40 0100007F:1538 01", 1000, 6] as const;

describe("the owner of a connection", () => {
  it("is our own user", async () => {
    const socket = await connectAs(undefined, "time.sleep(600)");
    expect(await owner(socket)).toEqual(shown(OURS));
    socket.destroy();
  });

  asOther("is another user of this machine", async () => {
    const socket = await connectAs(NOBODY, "time.sleep(600)");
    expect(await owner(socket)).toEqual(shown({ uid: NOBODY }));
    socket.destroy();
  });

  // The kernel says user 0 of a socket that no process has any more, a new one only once the end is acknowledged.
  const untilGone = (socket: Socket): Promise<void> =>
    eventually(async () => {
      const seen = await owner(socket);
      if (typeof seen !== "string") expect(seen).toEqual({ uid: NOBODY });
      return seen;
    }, shown("gone"));

  asOther("is not root once the other user has closed it", async () => {
    const socket = await connectAs(NOBODY, "");
    await untilGone(socket);
    socket.destroy();
  });

  asOther("is not ours because a connection of ours has the same ports at another address", async () => {
    const mine = await connectAs(undefined, "time.sleep(600)");
    const other = await connectAs(NOBODY, "", `("127.0.0.12", ${mine.remotePort})`);
    expect(other.remotePort).toBe(mine.remotePort);
    await untilGone(other);
    expect(await owner(mine)).toEqual(shown(OURS));
    for (const each of [mine, other]) each.destroy();
  });

  it("is that of one socket alone, whatever others have its ports", async () => {
    const [far, near] = ["0A00000A:9C40 0500000A:1538 01", "0C00007F:9C40 0100007F:1538 01"];
    const sockets = tables([far, 1000, 7], [near, NOBODY, 8], MINE);
    expect(await sockets.ownerOf(CONNECTION)).toEqual({ uid: 1000 });
    const other = { ...CONNECTION, client: { address: "127.0.0.12", port: 40_000 } };
    expect(await sockets.ownerOf(other)).toEqual({ uid: NOBODY });
    expect(await tables(MINE, [MINE[0], 1000, 9]).ownerOf(CONNECTION)).toBe("gone");
  });

  it("is seen of a closed socket where the kernel still has it, and never taken for root", async () => {
    expect(await tables([MINE[0], 1000, 0]).ownerOf(CONNECTION)).toEqual({ uid: 1000 });
    expect(await tables([MINE[0], 0, 0]).ownerOf(CONNECTION)).toBe("gone");
    expect(await tables([MINE[0], 1000, 0], [MINE[0], 0, 0]).ownerOf(CONNECTION)).toBe("gone");
  });

  it("is seen of a socket of IPv6, at addresses of IPv4 too", async () => {
    const mapped = "0000000000000000FFFF00000100007F";
    const sockets = tables([`${mapped}:9C40 ${mapped}:1538 01`, 7, 7]);
    expect(await sockets.ownerOf(CONNECTION)).toEqual({ uid: 7 });
    const six = createServer().listen(0, "::1");
    await once(six, "listening");
    const [[socket]] = await Promise.all([
      once(six, "connection") as Promise<[Socket]>,
      Promise.resolve(connect((six.address() as AddressInfo).port, "::1").on("error", () => undefined)),
    ]);
    const isSeen = isShown((six.address() as AddressInfo).port, "/proc/net/tcp6");
    expect(await owner(socket)).toEqual(isSeen ? OURS : "unseen");
    socket.resetAndDestroy();
    six.close();
  });

  it("is told though its row slips out of one read of a table", async () => {
    let reads = 0;
    const whole = tables(MINE);
    const slipping = new LocalSockets(() => rowsOf(...(reads++ === 0 ? [] : [MINE])));
    expect(await slipping.ownerOf(CONNECTION)).toEqual(await whole.ownerOf(CONNECTION));
    const late = new LocalSockets(() => (reads++ === 2 ? inSlices([]) : rowsOf(MINE)));
    expect(await late.ownerOf(CONNECTION)).toEqual(await whole.ownerOf(CONNECTION));
  });

  it("is told of many connections at once by few reads of the tables", async () => {
    let reads = 0;
    const sockets = new LocalSockets(() => inSlices([String(reads++)]));
    await Promise.all(Array.from({ length: 200 }, () => sockets.ownerOf(CONNECTION)));
    expect(reads).toBe(2);
  });

  it("is not seen where the system shows no sockets", async () => {
    expect(await new LocalSockets(() => inSlices([])).ownerOf(CONNECTION)).toBe("unseen");
  });
});
