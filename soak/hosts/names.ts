import { createSocket } from "node:dgram";

const A = 1;
const NAME_ERROR = 3;

/** A DNS server for the namespace. It resolves the names that `knows` accepts to 127.0.0.1, and no others. */
export class Names {
  /** All names that were asked for. */
  readonly asked = new Set<string>();
  readonly #socket = createSocket("udp4");

  static async start(address: string, knows: (name: string) => boolean): Promise<Names> {
    const names = new Names();
    names.#socket.on("message", (query, { port, address: from }) => {
      names.#socket.send(names.#answer(query, knows), port, from);
    });
    await new Promise<void>((resolve, reject) => {
      names.#socket.once("error", reject);
      names.#socket.bind(53, address, resolve);
    });
    return names;
  }

  stop(): void {
    this.#socket.close();
  }

  /** The response to a query with one question. Only a question for an IPv4 address gets an answer (RFC 1035, section 4). */
  #answer(query: Buffer, knows: (name: string) => boolean): Buffer {
    const labels: string[] = [];
    let at = 12;
    for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
      labels.push(query.toString("latin1", at + 1, at + 1 + length));
      at += length + 1;
    }
    const name = labels.join(".").toLowerCase();
    const type = query.readUInt16BE(at + 1);
    this.asked.add(name);
    const known = knows(name);
    const answers = known && type === A ? 1 : 0;
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(0x8180 | (known ? 0 : NAME_ERROR), 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(answers, 6);
    const answer = Buffer.from([0xc0, 12, 0, A, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1]);
    return Buffer.concat([header, query.subarray(12, at + 5), ...(answers > 0 ? [answer] : [])]);
  }
}
