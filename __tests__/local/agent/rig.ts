import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import WebSocket from "ws";
import { ExecAgent, type ExecAgentOptions, type TranscriptTarget } from "../../../local/agent/agent.ts";
import { Gateway, type GatewayOptions, type SessionTicket } from "../../../local/gateway/gateway.ts";
import type { GatewayBehaviour } from "../../../local/gateway/options.ts";
import type { ContainerHandle } from "../../../local/agent/container-handle.ts";
import {
  type AgentMessage,
  decode,
  encode,
  Flags,
  MessageType,
  PayloadType,
} from "../../../src/session/wire/message.ts";
import { inTime, until } from "../../helpers/until.ts";
import { PYTHON } from "../../helpers/tools.ts";

/** A gateway on a free port. */
export class GatewayRig {
  readonly gateway: Gateway;
  readonly log: string[] = [];
  /** Its URL, as in AWS_ENDPOINT_URL_SSMMESSAGES. */
  readonly endpoint: string;
  readonly #server: Server;

  private constructor(
    server: Server,
    behaviour: Partial<GatewayBehaviour>,
    options: Pick<GatewayOptions, "signers">,
  ) {
    this.#server = server;
    const { port } = server.address() as AddressInfo;
    this.endpoint = `http://127.0.0.1:${port}`;
    const baseUrl = (): string => `ws://127.0.0.1:${port}`;
    this.gateway = new Gateway({ ...behaviour, ...options, baseUrl, log: (line) => this.log.push(line) });
    server.on("upgrade", (request, socket, head) => this.gateway.handleUpgrade(request, socket, head));
  }

  static async start(
    behaviour: Partial<GatewayBehaviour> = {},
    options: Pick<GatewayOptions, "signers"> = {},
  ): Promise<GatewayRig> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    return new GatewayRig(server, behaviour, options);
  }

  async stop(): Promise<void> {
    this.gateway.close();
    this.#server.close();
    await inTime("the close of the gateway", once(this.#server, "close"));
  }
}

/** A container of `sleep` in namespaces of its own. Files in /var/lib stay in it. */
export class TestContainer {
  readonly handle: ContainerHandle;
  readonly #unshare: ChildProcess;

  private constructor(unshare: ChildProcess, pid: number, env: Record<string, string>) {
    this.#unshare = unshare;
    this.handle = {
      name: "app",
      runtimeId: "0123456789abcdef0123456789abcdef-1234567890",
      taskArn: "arn:aws:ecs:us-east-1:123456789012:task/default/0123456789abcdef0123456789abcdef",
      clusterName: "default",
      pid,
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", ...env },
      workdir: "/",
    };
  }

  /** `prepare` is a shell line that runs inside before the container counts as started. */
  static async start(prepare = "true", env: Record<string, string> = {}): Promise<TestContainer> {
    const script = `mount -t tmpfs tmpfs /var/lib && ${prepare} && echo ready && exec sleep 300`;
    const user = process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"];
    const namespaces = [
      ...user,
      "--pid",
      "--fork",
      "--mount",
      "--mount-proc",
      "--uts",
      "--ipc",
      "--kill-child",
    ];
    const unshare = spawn("unshare", [...namespaces, "sh", "-c", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await inTime("the start of the container", once(unshare.stdout, "data"));
    const children = readFileSync(`/proc/${unshare.pid}/task/${unshare.pid}/children`, "utf8");
    return new TestContainer(unshare, Number(children.trim()), env);
  }

  /** Makes an empty file in it, such as one that a command waits for. */
  touch(path: string): void {
    writeFileSync(`/proc/${this.handle.pid}/root${path}`, "");
  }

  async stop(): Promise<void> {
    if (this.#unshare.exitCode !== null || this.#unshare.signalCode !== null) return;
    this.#unshare.kill("SIGKILL");
    await inTime("the end of the container", once(this.#unshare, "exit"));
  }
}

/** A container, its agent and a gateway. */
export class Rig {
  readonly #gatewayRig: GatewayRig;
  readonly container: TestContainer;
  readonly agent: ExecAgent;
  readonly #clients: Client[] = [];

  private constructor(gatewayRig: GatewayRig, container: TestContainer, options: Partial<ExecAgentOptions>) {
    this.#gatewayRig = gatewayRig;
    this.container = container;
    const { gateway, log } = gatewayRig;
    this.agent = new ExecAgent({
      sessionLimit: 2,
      python: PYTHON,
      ...options,
      container: container.handle,
      gateway,
      log: (line) => log.push(line),
    });
  }

  static async start(
    behaviour: Partial<GatewayBehaviour> = {},
    options: Partial<ExecAgentOptions> = {},
    container = TestContainer.start(),
  ): Promise<Rig> {
    return new Rig(await GatewayRig.start(behaviour), await container, options);
  }

  get gateway(): Gateway {
    return this.#gatewayRig.gateway;
  }

  get endpoint(): string {
    return this.#gatewayRig.endpoint;
  }

  get log(): string[] {
    return this.#gatewayRig.log;
  }

  /** Starts a session without a client. */
  start(command: string, transcript?: TranscriptTarget): SessionTicket {
    const ticket = this.gateway.createSession();
    const { sessionId } = ticket;
    this.agent.startSession(
      transcript === undefined ? { sessionId, command } : { sessionId, command, transcript },
    );
    return ticket;
  }

  async exec(command: string, transcript?: TranscriptTarget): Promise<Client> {
    return this.connect(this.start(command, transcript));
  }

  async connect(ticket: SessionTicket): Promise<Client> {
    const client = await Client.connect(ticket);
    this.#clients.push(client);
    return client;
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.socket.terminate();
    await this.agent.stop();
    await this.#gatewayRig.stop();
    await this.container.stop();
  }
}

export interface ReceivedMessage {
  /** Milliseconds since the client connected. */
  readonly at: number;
  readonly raw: Buffer;
  readonly message: AgentMessage;
}

/** A minimal client: it acknowledges all output and joins it. */
export class Client {
  readonly socket: WebSocket;
  readonly frames: ReceivedMessage[] = [];
  /** Selects output messages that are not acknowledged. */
  ignore: (sequenceNumber: number) => boolean = () => false;
  readonly #connected = Date.now();
  readonly #output = new Map<number, Buffer>();
  readonly #closed: Promise<string>;
  #next = 0;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    this.#closed = new Promise((resolve) => {
      socket.on("message", (raw: Buffer) => {
        const message = decode(raw);
        this.frames.push({ at: Date.now() - this.#connected, raw, message });
        if (message.messageType === MessageType.output) this.#takeOutput(message);
        if (message.messageType === MessageType.channelClosed) resolve(String(json(message)["Output"]));
      });
    });
  }

  static async connect(ticket: SessionTicket, opening: object = {}): Promise<Client> {
    const socket = new WebSocket(ticket.streamUrl);
    const client = new Client(socket);
    await inTime("an open session", once(socket, "open"));
    const { tokenValue } = ticket;
    const usual = {
      MessageSchemaVersion: "1.0",
      RequestId: randomUUID(),
      TokenValue: tokenValue,
      ClientId: randomUUID(),
    };
    socket.send(JSON.stringify({ ...usual, ...opening }));
    return client;
  }

  /** The text of `channel_closed`. */
  get closed(): Promise<string> {
    return inTime("channel_closed", this.#closed, { seen: () => this.#seen() });
  }

  get output(): string {
    const ordered = [...this.#output].sort(([a], [b]) => a - b).map(([, bytes]) => bytes);
    return Buffer.concat(ordered).toString("utf8");
  }

  of(messageType: string): ReceivedMessage[] {
    return this.frames.filter(({ message }) => message.messageType === messageType);
  }

  /** Sequence numbers of the input that the agent has acknowledged. */
  get acknowledged(): unknown[] {
    return this.of(MessageType.acknowledge).map(
      ({ message }) => json(message)["AcknowledgedMessageSequenceNumber"],
    );
  }

  /** Sends the next input message, or a message with another sequence number. Returns the number. */
  send(
    payload: string | Buffer,
    payloadType: number = PayloadType.output,
    sequenceNumber = this.#next++,
  ): number {
    const bytes = Buffer.from(payload);
    this.socket.send(message(MessageType.input, sequenceNumber, 0, payloadType, bytes));
    return sequenceNumber;
  }

  resize(cols: number, rows: number): void {
    this.send(JSON.stringify({ cols, rows }), PayloadType.size);
  }

  /** Like `until`, but a failure shows the output. */
  async until(condition: () => boolean): Promise<void> {
    await until(condition, () => this.#seen());
  }

  #seen(): string {
    return `output so far: ${JSON.stringify(this.output)}`;
  }

  #takeOutput(output: AgentMessage): void {
    if (this.ignore(output.sequenceNumber)) return;
    this.#output.set(output.sequenceNumber, Buffer.from(output.payload));
    const content = {
      AcknowledgedMessageType: output.messageType,
      AcknowledgedMessageId: output.messageId,
      AcknowledgedMessageSequenceNumber: output.sequenceNumber,
      IsSequentialMessage: true,
    };
    const bytes = Buffer.from(JSON.stringify(content));
    this.socket.send(message(MessageType.acknowledge, 0, Flags.syn | Flags.fin, 0, bytes));
  }
}

export function message(
  messageType: string,
  sequenceNumber: number,
  flags: number,
  payloadType: number,
  payload: Uint8Array,
): Uint8Array {
  const createdDate = Date.now();
  const messageId = randomUUID();
  return encode({
    messageType,
    schemaVersion: 1,
    createdDate,
    sequenceNumber,
    flags,
    messageId,
    payloadType,
    payload,
  });
}

export function json(of: AgentMessage): Record<string, unknown> {
  return JSON.parse(Buffer.from(of.payload).toString("utf8")) as Record<string, unknown>;
}

/** Starts a rig with these options, and stops it after its use. */
export async function onRig(
  use: (rig: Rig) => Promise<void>,
  ...options: Parameters<typeof Rig.start>
): Promise<void> {
  const rig = await Rig.start(...options);
  try {
    await use(rig);
  } finally {
    await rig.stop();
  }
}
