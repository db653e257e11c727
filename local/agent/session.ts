import { setTimeout as sleep } from "node:timers/promises";
import { PayloadType } from "../../src/session/wire/message.ts";
import type { Gateway } from "../gateway/gateway.ts";
import type { ContainerHandle } from "./container-handle.ts";
import { deferred } from "./deferred.ts";
import { type Flood, FloodSender } from "./flood.ts";
import { Handshake, HandshakeFailure } from "./handshake.ts";
import { decryptDataKey, type SessionEncryption } from "./kms.ts";
import { checkLogEncryption } from "./log-encryption.ts";
import { type InputResult, Peer } from "./peer.ts";
import { StartError } from "./pty.ts";
import { RuneFilter } from "./runes.ts";
import { split, UnfinishedCommand } from "./shlex.ts";
import type { StartTerminal, Terminal } from "./terminal.ts";
import { Transcript, type TranscriptFaults, type TranscriptTarget } from "./transcript.ts";

export interface SessionRequest {
  readonly sessionId: string;
  readonly command: string;
  readonly transcript?: TranscriptTarget;
  /** Undefined: no handshake, and the command starts at once. */
  readonly encryption?: SessionEncryption;
}

/** Faults of the agents. */
export interface AgentFaults {
  transcripts: TranscriptFaults;
  /** Whether the task role may use the key of an encrypted session. */
  decrypt: "allowed" | "denied";
  /**
   * How an agent under an attacker's control treats an encrypted session. It begins without a handshake, prints before the
   * handshake, or asks for a handshake with another key. AWS's own agent is `honest`.
   */
  handshake: "honest" | "skipped" | "output-first" | { readonly key: string };
  /** What the agent of the next session sends instead of the command's output; undefined for AWS's own agent. */
  flood: Flood | undefined;
}

export interface SessionOptions {
  readonly container: ContainerHandle;
  readonly gateway: Gateway;
  readonly python: string;
  readonly terminal: StartTerminal;
  readonly runAsElevated: boolean;
  readonly firstRead: number | undefined;
  readonly faults: AgentFaults;
  readonly log: (line: string) => void;
}

/** How long the agent waits before it reports a command that can't start. */
const FAILURE_DELAY = 2000;

/** The session has failed; the message is the text for its user. */
class SessionFailure extends Error {}

/** One session of the exec agent, from its data channel to its upload: the work of one `ssm-session-worker`. */
export class Session {
  readonly #options: SessionOptions;
  readonly #request: SessionRequest;
  readonly #filter = new RuneFilter();
  readonly #over = deferred<"ended" | "cancelled">();
  readonly #stopped = new AbortController();
  #pty: Terminal | undefined;
  #lost = false;
  #transcript: Transcript | undefined;
  #handshake: Handshake | undefined;
  #flooder: FloodSender | undefined;

  constructor(options: SessionOptions, request: SessionRequest) {
    this.#options = options;
    this.#request = request;
  }

  /** Resolves when the worker would exit. Never rejects. */
  async run(): Promise<void> {
    const { gateway } = this.#options;
    const { sessionId } = this.#request;
    const connection = gateway.connectAgent(sessionId, {
      receive: (frame) => peer.receive(frame),
      terminate: () => this.#over.resolve("cancelled"),
    });
    if (connection === undefined) return;
    const peer = new Peer({
      sessionId,
      send: (frame) => connection.send(frame),
      input: (payloadType, payload) => this.#input(payloadType, payload),
      handshake: async (payloadType, payload) => this.#handshake?.take(payloadType, payload),
      paused: (paused) => (paused ? this.#pty?.pause() : this.#pty?.resume()),
      closed: () => this.#over.resolve("cancelled"),
      log: (line) => this.#options.log(`${line} (${sessionId})`),
    });
    peer.sendState("Connected");
    let output: string | undefined;
    try {
      output = await this.#execute(peer);
      await peer.drained();
    } catch (error) {
      this.#options.log(`agent: ${sessionId}: ${String(error)}`);
    }
    peer.close();
    connection.close();
    this.#transcript?.close();
    await this.#pty?.abandon();
    if (output === undefined) gateway.loseAgent(sessionId);
    else gateway.completeTask(sessionId, output);
  }

  /** Called when the task stops: the agent dies with it, without a message. */
  async stop(): Promise<void> {
    this.#lose(new Error("the task has stopped"));
    await this.#pty?.abandon();
  }

  /** Runs the session. Resolves with the agent's closing text for the user; rejects when the session worker dies meanwhile. */
  async #execute(peer: Peer): Promise<string> {
    const { command, transcript } = this.#request;
    try {
      await this.#shakeHands(peer);
      const { flood } = this.#options.faults;
      if (flood !== undefined) {
        this.#options.faults.flood = undefined;
        this.#flooder = new FloodSender(flood, peer);
        await this.#flooder.run(this.#over.promise);
        return "";
      }
      if (command.trim() === "") return "Commands cannot be empty for session type InteractiveCommands";
      const refusal = transcript && (await checkLogEncryption(transcript));
      if (refusal !== undefined) return refusal;
      const pty = await this.#start(peer);
      if ((await this.#over.promise) === "cancelled") {
        await pty.kill();
      } else {
        await peer.drained();
        peer.sendState("Terminating");
        await pty.wait();
      }
      await this.#transcript?.finish(this.#stopped.signal).catch((error: unknown) => {
        throw this.#lost ? error : new SessionFailure(error instanceof Error ? error.message : String(error));
      });
      return "";
    } catch (error) {
      if (!(error instanceof SessionFailure)) throw error;
      return `\n----------ERROR-------\n${error.message}`;
    }
  }

  /** Resolves at once when the session is not encrypted. */
  async #shakeHands(peer: Peer): Promise<void> {
    const { sessionId, encryption } = this.#request;
    const { handshake } = this.#options.faults;
    const kmsKeyId = typeof handshake === "object" ? handshake.key : encryption?.kmsKeyId;
    if (kmsKeyId !== undefined && handshake !== "skipped") {
      if (handshake === "output-first") peer.sendOutput(Buffer.from("Welcome.\r\n"));
      const { clusterName, taskArn, runtimeId } = this.#options.container;
      this.#handshake = new Handshake({
        sessionId,
        sessionTarget: `ecs:${clusterName}_${taskArn.split("/").at(-1) ?? ""}_${runtimeId}`,
        kmsKeyId,
        decrypt: (ciphertext, context) => this.#decrypt(encryption, ciphertext, context),
        send: (payloadType, payload) => peer.send(payloadType, payload),
        encrypt: (cipher) => peer.encrypt(cipher),
      });
      // As in AWS's agent, the end of a session does not end this wait. The stop of its task does.
      const lost = this.#over.promise.then(() => new Promise<never>(() => undefined));
      try {
        await Promise.race([this.#handshake.perform(), lost]);
      } catch (error) {
        if (!(error instanceof HandshakeFailure)) throw error;
        throw new SessionFailure(`Encountered error while initiating handshake. ${error.message}`);
      }
    }
    peer.endHandshake();
  }

  #decrypt(
    encryption: SessionEncryption | undefined,
    ciphertext: Uint8Array,
    context: Record<string, string>,
  ): Promise<Uint8Array> {
    if (encryption === undefined) return Promise.reject(new Error("The agent knows no KMS."));
    if (this.#options.faults.decrypt === "allowed") return decryptDataKey(encryption, ciphertext, context);
    const denied = new Error(
      `User: ${this.#options.container.taskArn} is not authorized to perform: kms:Decrypt on resource: ${encryption.kmsKeyId} because no identity-based policy allows the kms:Decrypt action`,
    );
    denied.name = "AccessDeniedException";
    return Promise.reject(denied);
  }

  async #start(peer: Peer): Promise<Terminal> {
    const { container, terminal, runAsElevated } = this.#options;
    const env: Record<string, string> = { ...container.env, TERM: "xterm-256color" };
    env["LANG"] ||= "C.UTF-8";
    if (runAsElevated) env["HOME"] = "/root";
    try {
      const argv = split(this.#request.command);
      if (argv.length === 0) throw new Error("the worker panics: no command is left without the comment");
      const pty = await terminal(
        container,
        { argv, env, firstRead: this.#options.firstRead },
        {
          output: (bytes) => {
            const passed = this.#filter.pass(bytes);
            peer.sendOutput(passed);
            this.#record(passed);
          },
          ended: () => this.#over.resolve("ended"),
          signalled: () => this.#over.resolve("cancelled"),
          lost: (why) => this.#lose(new Error(why)),
        },
      );
      this.#pty = pty;
    } catch (error) {
      if (!(error instanceof StartError || error instanceof UnfinishedCommand)) throw error;
      await sleep(FAILURE_DELAY);
      const step = error instanceof StartError ? "Failed to start pty" : "Failed to parse commands input";
      throw new SessionFailure(`Unable to start command: ${step}: ${error.message}\n\n`);
    }
    this.#openTranscript();
    return this.#pty;
  }

  #openTranscript(): void {
    const { transcript, sessionId } = this.#request;
    if (transcript?.cloudWatchLogGroup === undefined && transcript?.s3Bucket === undefined) return;
    const { container, python, faults, log } = this.#options;
    try {
      this.#transcript = new Transcript(container, python, sessionId, transcript, faults, log);
    } catch (error) {
      throw new SessionFailure(error instanceof Error ? error.message : String(error));
    }
  }

  #record(output: Uint8Array): void {
    try {
      this.#transcript?.write(output);
    } catch (error) {
      this.#over.reject(new SessionFailure(`encountered an error while writing to file: ${String(error)}`));
    }
  }

  async #input(payloadType: number, payload: Uint8Array): Promise<InputResult> {
    this.#flooder?.noteClient();
    if (payloadType === PayloadType.output) this.#flooder?.takeInput(payload);
    if (this.#pty === undefined) return this.#flooder === undefined ? "not-ready" : "done";
    if (payloadType === PayloadType.output) {
      await this.#pty.write(payload);
    } else if (payloadType === PayloadType.size) {
      const { cols, rows } = JSON.parse(Buffer.from(payload).toString("utf8")) as {
        cols?: unknown;
        rows?: unknown;
      };
      this.#pty.resize(sizeOf("cols", cols), sizeOf("rows", rows));
    }
    return "done";
  }

  #lose(error: Error): void {
    this.#lost = true;
    this.#stopped.abort();
    this.#over.reject(error);
  }
}

/** A number that Go would accept as a uint32; a missing member is 0. */
function sizeOf(name: string, value: unknown): number {
  if (value === undefined || value === null) return 0;
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 2 ** 32) return value;
  throw new Error(`invalid size message: '${name}' is no uint32`);
}
