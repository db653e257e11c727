import type { Session } from "../../src/session/session.ts";
import { BEL, MARK, sessionMark } from "../../src/carriers/stream/marks.ts";
import { FakeSession } from "../session/fake-session.ts";
import { anObject } from "../carriers/pieces/folder.ts";
import type { OpenBucket } from "./bucket.ts";
import type { HostileCase, Said } from "./cases.ts";

const SECONDS = 1;
/** In how many parts a spool comes. */
const PARTS = 3;

/** The container of a case, at the other end of all sessions. */
export class CaseContainer {
  readonly #case: HostileCase;
  readonly #bucket: OpenBucket;
  #sessions = 0;
  #nonce = "";

  constructor(hostile: HostileCase, bucket: OpenBucket) {
    this.#case = hostile;
    this.#bucket = bucket;
  }

  /** A session that runs the bootstrap, from this byte of the spool on, or the command that stops the job. */
  open(sessionId: string, command: string): Session {
    if (!command.includes("fx_at=")) return new FakeSession(sessionId).end({ kind: "closed", text: "" });
    const at = Number(/\bfx_at=(\d+)/.exec(command)?.[1] ?? 0);
    const session = new FakeSession(sessionId, (self, typed) => this.#hear(self, typed, at));
    session.isSetUp = true;
    const number = this.#sessions;
    this.#sessions += 1;
    if (this.#case.attacker !== "container") session.says(`${MARK}ready${BEL}\n`);
    else setImmediate(() => this.#attack(session, number));
    return session;
  }

  #hear(session: FakeSession, typed: string, at: number): void {
    const lines = typed.split("\n");
    if (typed === "taken" || typed === "away") session.end({ kind: "closed", text: "" });
    else if (lines.at(-1) === "." && lines.length > 1 && !typed.startsWith("s3 "))
      this.#start(session, typed, at);
    else if (typed.startsWith("s3 ")) this.#upload(session, typed);
    else if (typed === "left") session.end({ kind: "closed", text: "" });
  }

  #start(session: FakeSession, typed: string, at: number): void {
    this.#nonce = typed.split(/\s/)[0] ?? "";
    if (this.#case.attacker !== "container") this.#attach(session, at);
  }

  /** What an attacher says that is not the attacker's. With the output by S3 it says the first half only. */
  #attach(session: FakeSession, at: number): void {
    const { spool, byBucket, exitCode } = this.#case;
    const until = byBucket && this.#sessions === 1 ? this.#firstHalf() : spool.length;
    this.#say(session, [{ mark: `@${at}` }, { bytes: Buffer.from("\n") }]);
    const size = Math.max(1, Math.ceil((until - at) / PARTS));
    for (let from = at; from < until; from += size) {
      const part = spool.subarray(from, Math.min(from + size, until));
      this.#say(session, [{ bytes: part }, { mark: `~ ${from + part.length}` }]);
    }
    if (this.#sessions === 1) this.#sayWrongEnd(session, until);
    if (until === spool.length) this.#say(session, [{ mark: `. ${until} exited 0=${exitCode}:${SECONDS}` }]);
  }

  #sayWrongEnd(session: FakeSession, until: number): void {
    const { wrongEnd } = this.#case;
    if (wrongEnd === undefined) return;
    const length = Math.max(0, until + wrongEnd.beside);
    if (length !== until) this.#say(session, [{ mark: `. ${length} ${wrongEnd.status}` }]);
  }

  #firstHalf(): number {
    const { spool } = this.#case;
    return spool.indexOf("\n", Math.floor(spool.length / 2)) + 1 || spool.length - 1;
  }

  /** Obeys an order, as an uploader does; another principal has planted its objects before. */
  #upload(session: FakeSession, typed: string): void {
    const valueOf = (word: string): string => new RegExp(`^s3 ${word} (.*)$`, "m").exec(typed)?.[1] ?? "";
    const [inner = "", outer = ""] = valueOf("key").split(" ");
    const folder = { job: valueOf("job"), keys: { inner, outer } };
    const prefix = valueOf("folder");
    const { attacker, objects, spool, exitCode } = this.#case;
    const plant = (name: string | number, object: Buffer): void =>
      this.#bucket.plant(`${prefix}${name}`, object);
    if (attacker !== "container") {
      const begin = Number(valueOf("begin"));
      const half = Math.max(begin, this.#firstHalf());
      const parts = [spool.subarray(begin, half), spool.subarray(half)].filter(({ length }) => length > 0);
      let at = begin;
      parts.forEach((part, number) => {
        plant(number, anObject("out", number, at, part, folder));
        at += part.length;
      });
      const status = `exited 0=${exitCode}:${SECONDS}`;
      plant(parts.length, anObject("end", parts.length, spool.length, status, folder));
    }
    // The keys of the folder are the container's alone.
    for (const { name, sealed, bytes } of objects) {
      const { kind, number, begin, body } = sealed ?? { kind: "out", number: 0, begin: 0, body: bytes };
      const isSealed = attacker === "container" && sealed !== undefined;
      plant(name, isSealed ? anObject(kind, number, begin, body, folder) : bytes);
    }
    session.heard = true;
  }

  #attack(session: FakeSession, number: number): void {
    const { sessions } = this.#case;
    const script = sessions[number] ?? sessions.at(-1) ?? [];
    const [first, ...rest] = script;
    if (first !== undefined) this.#say(session, [first]);
    // The nonce comes with the first input, for which an honest attacher waits, too.
    let turns = 0;
    const go = (): void => {
      if (this.#nonce === "" && (turns += 1) < 50) {
        setImmediate(go);
        return;
      }
      this.#say(session, rest);
      if (number % 2 === 0) session.end({ kind: "closed", text: "" });
    };
    setImmediate(go);
  }

  #say(session: FakeSession, said: readonly Said[]): void {
    for (const each of said) {
      if (session.isEnded) return;
      session.says(
        "mark" in each ? `${sessionMark(this.#nonce)}${each.mark}${BEL}` : each.bytes.toString("latin1"),
      );
    }
  }
}
