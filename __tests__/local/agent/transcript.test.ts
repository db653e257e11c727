import { once } from "node:events";
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { readUpTo } from "../../../local/agent/transcript.ts";
import { onRig, type Rig, TestContainer } from "./rig.ts";

interface Call {
  readonly name: string;
  readonly body: Buffer;
  readonly headers: IncomingMessage["headers"];
}

interface PutCall {
  readonly logStreamName: string;
  readonly logEvents: readonly { readonly message: string }[];
}

/** An S3 and a CloudWatch Logs that accept and keep everything. */
class Store {
  readonly calls: Call[] = [];
  readonly server: Server;

  constructor() {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const target = request.headers["x-amz-target"] ?? `${request.method ?? ""} ${request.url ?? ""}`;
        this.calls.push({ name: String(target), body: Buffer.concat(chunks), headers: request.headers });
        if (request.method === "HEAD") response.setHeader("x-amz-bucket-region", "eu-west-1");
        response
          .setHeader("content-type", "application/x-amz-json-1.1")
          .end(request.method === "PUT" ? "" : "{}");
      });
    }).listen(0, "127.0.0.1");
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get names(): string[] {
    return this.calls.map(({ name }) => name.replace(/\?.*/, ""));
  }
}

/** A rig with these options, and a store of its own. */
async function withStore(
  use: (rig: Rig, store: Store) => Promise<void>,
  ...options: Parameters<typeof Rig.start>
): Promise<void> {
  const store = new Store();
  await once(store.server, "listening");
  try {
    await onRig((rig) => use(rig, store), ...options);
  } finally {
    store.server.closeAllConnections();
    store.server.close();
  }
}

/** The paths of the files that this process has open. */
function openFiles(): string[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return []; // It was closed meanwhile, as that of this very list is.
    }
  });
}

describe("the transcript of a session", () => {
  it.concurrent(
    "keeps the session's seat until it is uploaded, at four events of 200,000 bytes a second",
    () =>
      withStore(
        async (rig, store) => {
          const target = { endpoint: store.endpoint, region: "us-east-1", cloudWatchLogGroup: "/ecs/exec" };
          const first = await rig.connect(
            rig.start("sh -c 'head -c 1500000 /dev/zero | tr \\\\0 x | fold -w 1000'", target),
          );
          const second = await rig.connect(rig.start("sh -c 'echo up; read -r line'"));
          expect(await first.closed).toBe("");
          expect([store.names, second.frames]).toEqual([[], []]);
          await second.until(() => second.output === "up\r\n");
          const puts = store.calls.filter(({ name }) => name.endsWith("PutLogEvents"));
          expect(puts.map(({ body }) => (JSON.parse(body.toString()) as PutCall).logEvents.length)).toEqual([
            4, 4,
          ]);
        },
        {},
        { sessionLimit: 1 },
      ),
  );

  it.concurrent(
    "is made by the container's `script` from the output, and uploaded to S3, then to CloudWatch",
    () =>
      withStore(
        async (rig, store) => {
          const target = {
            region: "us-east-1",
            cloudWatchLogGroup: "/ecs/exec",
            s3Bucket: "logs",
            s3KeyPrefix: "exec",
          };
          const ticket = rig.start(`sh -c 'printf "one\\ntwo"; exit 3'`, {
            endpoint: store.endpoint,
            ...target,
          });
          const client = await rig.connect(ticket);
          expect(await client.closed).toBe("");

          const key = `PUT /logs/exec/${ticket.sessionId}.log`;
          expect(store.names).toEqual([
            "HEAD /logs",
            key,
            "Logs_20140328.CreateLogStream",
            "Logs_20140328.PutLogEvents",
          ]);
          const [look, object, stream] = store.calls;
          // The bucket may be in another region than the task, and says so to everybody.
          expect(look?.headers.authorization).toBeUndefined();
          expect(object?.headers.authorization).toContain("/eu-west-1/s3/");
          expect(stream?.headers.authorization).toContain("/us-east-1/logs/");
          expect(object?.headers).toMatchObject({
            "content-type": "text/plain",
            "x-amz-acl": "bucket-owner-full-control",
          });
          const directory = `/var/lib/amazon/ssm/${rig.container.handle.runtimeId}/session/orchestration/${ticket.sessionId}/InteractiveCommands`;
          const [first, ...rest] = object?.body.toString().split("\n") ?? [];
          expect(first).toMatch(/^Script started on /);
          expect(first).toContain(`[COMMAND="cat ${directory}/ipcTempFile.log" <not executed on terminal>]`);
          expect(rest).toEqual([
            "one\r\r",
            "two",
            expect.stringMatching(/^Script done on .* \[COMMAND_EXIT_CODE="0"\]$/),
            "",
          ]);

          const put = JSON.parse(store.calls[3]?.body.toString() ?? "") as PutCall;
          expect(put.logStreamName).toBe(ticket.sessionId);
          const expected = object?.body.toString().replaceAll("\r\r\n", "\r\n").slice(0, -1);
          expect(put.logEvents.map(({ message }) => message)).toEqual([expected]);
        },
        { closeOn: "task-complete" },
      ),
  );

  it.concurrent("is uploaded after channel_closed, and only when the session asks for it", () =>
    withStore(async (rig, store) => {
      const logged = { endpoint: store.endpoint, region: "us-east-1", cloudWatchLogGroup: "/ecs/exec" };
      const clients = [
        await rig.exec("echo one", { endpoint: store.endpoint, region: "us-east-1" }),
        await rig.exec("echo two", logged),
      ];
      await Promise.all(clients.map((client) => client.closed));
      expect(store.names).toEqual([]);
      await clients[1]?.until(() => store.names.length === 2);
      expect(store.calls[1]?.body.toString()).toContain("two");
    }),
  );

  it.concurrent("has its file open for as long as the session lasts", () =>
    withStore(
      async (rig, store) => {
        const target = { endpoint: store.endpoint, region: "us-east-1", s3Bucket: "logs" };
        const ticket = rig.start("sh -c 'echo up; read -r line'", target);
        const ours = (): string[] => openFiles().filter((path) => path.includes(ticket.sessionId));
        const client = await rig.connect(ticket);
        await client.until(() => client.output === "up\r\n");
        expect(ours()).toEqual([expect.stringMatching(/ipcTempFile\.log$/)]);
        client.send("\n");
        await client.closed;
        expect(ours()).toEqual([]);
      },
      { closeOn: "task-complete" },
    ),
  );

  it.concurrent("is not made without `script` in the image", () =>
    withStore(
      async (rig, store) => {
        const client = await rig.exec("echo one", {
          endpoint: store.endpoint,
          region: "us-east-1",
          s3Bucket: "logs",
        });
        expect(await client.closed).toMatch(
          /^\n----------ERROR-------\nunable to generate log data: Failed to generate transcript with the following errors:\nexec: "script": executable file not found in \$PATH/,
        );
        expect(client.output).toBe("one\r\n");
        expect(store.names).toEqual([]);
      },
      { closeOn: "task-complete" },
      {},
      TestContainer.start("mount --bind /dev/null /usr/bin/script"),
    ),
  );

  describe("leads to no file of this machine", () => {
    // The container has a directory of its own there.
    const hidden = mkdtempSync(join(tmpdir(), "of-this-machine-"));
    const mounted = `mount -t tmpfs tmpfs ${hidden}`;
    const logged = { region: "us-east-1", s3Bucket: "logs" };
    beforeAll(() => writeFileSync(join(hidden, "secret"), "hunter2"));
    afterAll(() => rmSync(hidden, { recursive: true }));

    it.concurrent("when the container puts a link in its place", () =>
      withStore(
        async (rig, store) => {
          const place = "/var/lib/amazon/ssm/*/session/orchestration/*/InteractiveCommands";
          const link = `until cd ${place}; do sleep 0.05; done 2>/dev/null; id=\${PWD%/*}; ln -s ${hidden}/secret \${id##*/}.log`;
          const client = await rig.exec(`sh -c '${link}'`, { endpoint: store.endpoint, ...logged });
          await client.closed;
          expect(store.calls.map(({ body }) => body.toString()).join("")).not.toContain("hunter2");
        },
        { closeOn: "task-complete" },
        {},
        TestContainer.start(mounted),
      ),
    );

    it.concurrent("when a directory on its way is a link", () =>
      withStore(
        async (rig, store) => {
          const client = await rig.exec("echo one", { endpoint: store.endpoint, ...logged });
          expect(await client.closed).toContain("encountered an error while creating file");
          expect([readdirSync(hidden), store.names]).toEqual([["secret"], []]);
        },
        {},
        {},
        TestContainer.start(`${mounted} && mkdir /var/lib/amazon && ln -s ${hidden} /var/lib/amazon/ssm`),
      ),
    );
  });
});

it("no more of a file is read than asked for, however large the container has made it", () => {
  const path = join(mkdtempSync(join(tmpdir(), "transcript-")), "huge");
  writeFileSync(path, "begun");
  truncateSync(path, 2 ** 40);
  const file = openSync(path, "r");
  const read = readUpTo(file, 3 * 2 ** 20 + 1);
  closeSync(file);
  rmSync(dirname(path), { recursive: true });
  expect(read).toHaveLength(3 * 2 ** 20 + 1);
  expect(read.toString("latin1", 0, 6)).toBe("begun\0");
});
