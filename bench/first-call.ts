import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { actionDir, environment } from "./environment.ts";

/** Milliseconds from the start of the action's process to its first request to AWS, for each of several starts. */
export async function firstCalls(root: string, times: number, checkout = actionDir): Promise<number[]> {
  let heard: () => void = () => undefined;
  const server = createServer((_request, response) => {
    heard();
    response.writeHead(400, { "content-type": "application/x-amz-json-1.1" });
    response.end('{"__type":"AccessDeniedException","message":"no"}');
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const inputs = { cluster: "demo", task: "0123456789abcdef0123456789abcdef", run: "true" };
  const env = {
    ...(await environment(root, inputs, checkout)),
    AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
    AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE",
    AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    AWS_REGION: "us-east-1",
  };
  const taken: number[] = [];
  for (let i = 0; i < times; i += 1) {
    const first = new Promise<void>((done) => (heard = done));
    const began = performance.now();
    const child = spawn(process.execPath, [join(checkout, "dist/index.js")], { stdio: "ignore", env });
    const closed = once(child, "close");
    await Promise.race([
      first,
      closed.then(() => Promise.reject(new Error(`${checkout} ended without a call`))),
    ]);
    taken.push(performance.now() - began);
    child.kill("SIGKILL");
    await closed;
  }
  server.close();
  return taken;
}
