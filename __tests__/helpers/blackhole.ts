import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** Listens on a port of the loopback but accepts no connection: a client waits in vain for an answer. */
const FULL = `
import socket, time
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(0)
# The kernel drops connections beyond the backlog.
clients = []
for _ in range(8):
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex(listener.getsockname())
    clients.append(client)
print(listener.getsockname()[1], flush=True)
time.sleep(3600)
`;

/** Accepts every connection, and sends nothing. */
const SILENT = `
import socket
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(64)
print(listener.getsockname()[1], flush=True)
connections = []
while True:
    connections.append(listener.accept())
`;
import { inTime } from "./until.ts";
import { PYTHON } from "./tools.ts";

/** An address without an answer: `dropped` accepts no connection, `silent` accepts it and sends nothing. */
export class Blackhole {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start(kind: "dropped" | "silent"): Promise<Blackhole> {
    const program = kind === "dropped" ? FULL : SILENT;
    const child = spawn(PYTHON, ["-I", "-S", "-c", program], { stdio: ["ignore", "pipe", "inherit"] });
    const [port] = (await inTime("the port", once(child.stdout, "data"))) as [Buffer];
    return new Blackhole(child, Number(port.toString()));
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  stop(): void {
    this.#child.kill("SIGKILL");
  }
}
