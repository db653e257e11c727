import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** Listens on a port of the loopback that takes no connection: whoever connects waits for an answer that never comes. */
const FULL = `
import socket, time
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(0)
# What has no place in the backlog is dropped by the kernel.
clients = []
for _ in range(8):
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex(listener.getsockname())
    clients.append(client)
print(listener.getsockname()[1], flush=True)
time.sleep(3600)
`;

/** Takes every connection, and says nothing. */
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

/** An address where nothing answers: `dropped` before there is a connection, `silent` once there is one. */
export class Blackhole {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start(kind: "dropped" | "silent"): Promise<Blackhole> {
    const program = kind === "dropped" ? FULL : SILENT;
    const child = spawn("python3", ["-I", "-S", "-c", program], { stdio: ["ignore", "pipe", "inherit"] });
    const [port] = (await once(child.stdout, "data")) as [Buffer];
    return new Blackhole(child, Number(port.toString()));
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  stop(): void {
    this.#child.kill("SIGKILL");
  }
}
