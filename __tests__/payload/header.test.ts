import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { quote } from "../../src/payload/quote.ts";
import { payloadFile } from "../../src/payload/files.ts";
import { inlinePython } from "../../src/payload/container-source.ts";
import { has } from "../helpers/needs.ts";
import { SHELLS } from "../helpers/shells.ts";
import { PYTHON } from "../helpers/watch.ts";

const source = ["safe.sh", "tools.sh", "apart.sh", "header.sh"].map((name) => payloadFile(name)).join("\n");
const directory = mkdtempSync(join(tmpdir(), "header-"));
let endpoint: Server;
let url = "";

beforeAll(async () => {
  endpoint = createServer((_request, response) =>
    response.end(
      JSON.stringify({
        ...{ Cluster: "demo", TaskARN: "arn:aws:ecs:x", Limits: { Memory: 512 } },
        Containers: [{ Name: "app", Limits: { CPU: 2 } }],
      }),
    ),
  );
  await new Promise<void>((resolve) => endpoint.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}`;
});

afterAll(() => {
  endpoint.close();
  rmSync(directory, { recursive: true });
});

/** A PATH with nothing but this program and what the header is made by. */
function withOnly(program: string): string {
  const tools = mkdtempSync(join(directory, "tools-"));
  for (const name of [program, "tr", "sed", "head", "ls", "grep"]) {
    const found = name === "python3" ? PYTHON : execFileSync("which", [name]).toString().trim();
    symlinkSync(found, join(tools, name));
  }
  return tools;
}

function whyNot(program: string): string | undefined {
  try {
    execFileSync("which", [program]);
    return undefined;
  } catch {
    return `there is no ${program}`;
  }
}

describe("the metadata endpoint of the task is asked without the container's proxy", () => {
  const programs = ["curl", "python3", ...(has("wget", whyNot("wget")) ? ["wget"] : [])];
  it.each(programs)("by %s", async (program) => {
    const proxies = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];
    const python = `fx_metadata_py=${quote(inlinePython("metadata.py"))}`;
    const settings = `fx_dir=${directory} fx_uid=${process.getuid?.() ?? 0} fx_id=1 fx_url= fx_cluster= fx_arn= fx_container= ${python}`;
    const script = `${settings}\n${source}\nECS_CONTAINER_METADATA_URI_V4=${url}\nfx_print_header`;
    const shell = execFileSync("which", [SHELLS[0]?.split(" ")[0] ?? "sh"])
      .toString()
      .trim();
    const child = spawn(shell, ["-c", script], {
      env: {
        PATH: withOnly(program),
        ...Object.fromEntries(proxies.map((name) => [name, "http://127.0.0.1:1"])),
      },
    });
    expect(await text(child.stdout)).toMatch(/cluster=demo task=arn:aws:ecs:x .* cpu= memory=512/);
  });
});
