import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { createSecureContext, createServer, type SecureContext } from "node:tls";

/** A TLS server for AWS's names, with a certificate authority of its own. It passes the decrypted bytes on to the local Fargate. */
export class TlsFront {
  /** The path of the authority's certificate. */
  readonly authority: string;
  /** The server names in the clients' TLS handshakes, in their order. */
  readonly met: string[] = [];
  readonly #directory: string;
  readonly #contexts = new Map<string, SecureContext>();
  readonly #sockets = new Set<Socket>();
  readonly #server;

  private constructor(directory: string, target: number) {
    this.#directory = directory;
    this.authority = join(directory, "ca.pem");
    this.#openssl(`req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test -keyout ca.key -out ca.pem`);
    this.#openssl(`req -newkey rsa:2048 -nodes -subj /CN=aws -keyout key.pem -out request.pem`);
    this.#server = createServer({
      SNICallback: (name, done) => {
        this.met.push(name);
        done(null, this.#contextOf(name));
      },
    });
    this.#server.on("secureConnection", (socket) => {
      const onward = connect(target, "127.0.0.1");
      for (const one of [socket, onward]) {
        this.#sockets.add(one);
        one.on("error", () => undefined).on("close", () => this.#sockets.delete(one));
      }
      socket.pipe(onward).pipe(socket);
    });
  }

  static async start(directory: string, target: number): Promise<TlsFront> {
    const front = new TlsFront(directory, target);
    await new Promise<void>((resolve, reject) => {
      front.#server.once("error", reject);
      front.#server.listen(443, "127.0.0.1", resolve);
    });
    return front;
  }

  stop(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #contextOf(name: string): SecureContext {
    const known = this.#contexts.get(name);
    if (known !== undefined) return known;
    writeFileSync(join(this.#directory, "names"), `subjectAltName=DNS:${name}`);
    this.#openssl(`x509 -req -in request.pem -CA ca.pem -CAkey ca.key -days 2 -extfile names -out cert.pem`);
    const read = (file: string): Buffer => readFileSync(join(this.#directory, file));
    const context = createSecureContext({ key: read("key.pem"), cert: read("cert.pem") });
    this.#contexts.set(name, context);
    return context;
  }

  #openssl(line: string): void {
    execFileSync("openssl", line.split(" "), { cwd: this.#directory, stdio: "ignore" });
  }
}
