/** The uploader in python3, and answers that no S3 gives: a proxy, or an endpoint of the environment, may give them. Its words are http.client's. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { payloadFile } from "../../src/payload/container-files.ts";
import { PYTHON } from "../helpers/tools.ts";

const PROGRAM = `${payloadFile("objects.py")}
${payloadFile("s3.py")}
import resource, sys
# What an answer makes the uploader hold would not fit.
resource.setrlimit(resource.RLIMIT_AS, (256 << 20, 256 << 20))
try:
    status, data = S3().get(sys.argv[1])
    print(status, len(data))
except Trouble as trouble:
    print(trouble)
`;

/** Has the uploader read an answer that begins so, and goes on with `more` for as long as it is read. Gives what the uploader says. */
async function readAnswer(begin: string, more: string): Promise<string> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    const piece = Buffer.from(more.repeat(Math.ceil(65_536 / more.length)));
    const write = (): void => {
      while (socket.writable && socket.write(piece));
    };
    socket.on("error", () => socket.destroy());
    socket.once("data", () => {
      socket.write(begin);
      socket.on("drain", write);
      write();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const child = spawn(PYTHON, ["-I", "-S", "-c", PROGRAM, `http://127.0.0.1:${port}/x`], {
    env: {},
    stdio: ["ignore", "pipe", "inherit"],
    timeout: 10_000,
  });
  try {
    let said = "";
    child.stdout.on("data", (data: Buffer) => (said += data.toString()));
    await once(child, "close");
    return said.trim();
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

const OK = "HTTP/1.1 200 OK\r\n";

it.concurrent.each([
  ["has no length", `${OK}\r\n`, "x", "200 65536"],
  ["is longer than any", `${OK}Content-Length: 99999999999999999999\r\n\r\n`, "x", "200 65536"],
  ["has a negative length", `${OK}Content-Length: -1\r\n\r\n`, "x", "200 65536"],
  [
    "has a negative chunk",
    `${OK}Transfer-Encoding: chunked\r\n\r\n-1\r\n`,
    "x",
    "IncompleteRead: IncompleteRead(262093 bytes read)",
  ],
  ["has empty chunks without end", `${OK}Transfer-Encoding: chunked\r\n\r\n`, "0\r\nx\r\n", "200 0"],
  [
    "never comes to its status",
    "",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "RemoteDisconnected: Remote end closed connection without response",
  ],
  ["repeats a header without end", OK, "a: b\r\n", "HTTPException: got more than 100 headers"],
  ["has a line without end", OK, "x", "LineTooLong: got more than 65536 bytes when reading header line"],
  ["is not of HTTP", "", "<html>", "LineTooLong: got more than 65536 bytes when reading status line"],
])("the uploader ends with an answer that %s", async (_, begin, more, said) => {
  expect(await readAnswer(begin, more)).toBe(said);
});
