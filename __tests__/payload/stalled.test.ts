import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemPath } from "../../local/images/image.ts";
import { quietTime } from "../helpers/quiet-time.ts";
import { findProgram, withoutPython } from "../helpers/tools.ts";
import { watch } from "../helpers/watch.ts";

const VENV = fileURLToPath(new URL("../../.venv/bin", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "stalled-"));
let s3: Server;
let url = "";

/** Answers each GET with the headers and the first byte of the body. Below /drip another byte follows every half second, elsewhere nothing. */
beforeAll(async () => {
  s3 = createServer(({ method, url: path }, response) => {
    response.writeHead(200, {
      "content-length": 4096,
      etag: '"0123"',
      "last-modified": new Date(0).toUTCString(),
    });
    if (method === "HEAD") response.end();
    else {
      response.write("x");
      if (path?.startsWith("/drip") !== true) return;
      const dripping = setInterval(() => response.write("x"), 500);
      response.on("close", () => clearInterval(dripping));
    }
  });
  await new Promise<void>((resolve) => s3.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(s3.address() as AddressInfo).port}`;
});

afterAll(() => {
  s3.closeAllConnections();
  s3.close();
  rmSync(directory, { recursive: true });
});

/** A PATH whose only program that speaks HTTP is curl. */
function onlyCurl(): string {
  const path = withoutPython(findProgram("awk"), directory);
  symlinkSync(findProgram("curl"), join(path, "curl"));
  return path;
}

type Way = readonly [ways: string, path: () => string, notes: RegExp, bucket: string];
const ways: Way[] = [
  [
    "boto3 and python3, though it sends a byte every half second,",
    () => `${VENV}:${systemPath}`,
    /: boto3: no answer within 5 s, or too slow; python3: no answer within 5 s; S3 can't be reached/,
    "drip",
  ],
  [
    "curl, though it sends a byte every half second,",
    onlyCurl,
    /; curl: no answer within 5 s; S3 can't be reached/,
    "drip",
  ],
  [
    "boto3 and python3",
    () => `${VENV}:${systemPath}`,
    /: boto3: (no answer within 5 s.*|.*Read timeout on endpoint.*); python3: (no answer within 5 s|.*timed out); S3 can't be reached/,
    "example-ci",
  ],
  ["curl", onlyCurl, /; curl: (no answer|.*too slow).*; S3 can't be reached/, "example-ci"],
];

it.concurrent.each(ways)(
  "a bucket that stalls within the script holds %s for some 5 s",
  async (_, path, said, bucket) => {
    const notes: { text: string; at: number }[] = [];
    const began = quietTime();
    const { status } = await watch({
      ...{ sh: "dash", script: "exit 4", address: `${url}/${bucket}/k` },
      delivery: { kind: "s3", bucket, key: "k", region: "eu-west-1" },
      containerEnv: {
        PATH: path(),
        ...{ AWS_ENDPOINT_URL: url, AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: "secret" },
      },
      onEvent: (event) => {
        if (event.kind === "note") notes.push({ text: event.text, at: quietTime() });
      },
    });
    expect(status).toMatchObject({ workers: [{ exitCode: 4 }] });
    expect(notes.at(-1)?.text).toMatch(said);
    // Two ways of five seconds each, and the start of their programs.
    expect((notes.at(-1)?.at ?? Infinity) - began).toBeLessThan(25_000);
  },
);
