import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { quote } from "../../src/payload/quote.ts";
import { payloadFile } from "../../src/payload/container-files.ts";
import { inlinePython } from "../../src/payload/container-source.ts";
import { Blackhole } from "../helpers/blackhole.ts";
import { has } from "../helpers/needs.ts";
import { quietTime } from "../helpers/quiet-time.ts";
import { SHELLS } from "../helpers/shells.ts";
import { findProgram } from "../helpers/tools.ts";
import { PYTHON } from "../helpers/tools.ts";

const source = ["safe.sh", "process.sh", "tools.sh", "apart.sh", "header.sh"]
  .map((name) => payloadFile(name))
  .join("\n");
const directory = mkdtempSync(join(tmpdir(), "header-"));
let endpoint: Server;
let url = "";
let silent: Blackhole;

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
  silent = await Blackhole.start("silent");
});

afterAll(() => {
  endpoint.close();
  silent.stop();
  rmSync(directory, { recursive: true });
});

/** A PATH with nothing but this program and those that make the header. */
function withOnly(name: string, program: string): string {
  const tools = mkdtempSync(join(directory, "tools-"));
  symlinkSync(program, join(tools, name));
  for (const each of ["tr", "sed", "head", "ls", "grep", "sleep"])
    symlinkSync(findProgram(each), join(tools, each));
  return tools;
}

/** The header that a container prints when its metadata endpoint has this address. */
async function header(PATH: string, address: string): Promise<string> {
  const proxies = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];
  const python = `fx_metadata_py=${quote(inlinePython("metadata.py"))}`;
  const settings = `fx_dir=${mkdtempSync(join(directory, "job-"))} fx_uid=${process.getuid?.() ?? 0} fx_id=1 fx_url= fx_cluster= fx_arn= fx_container= ${python}`;
  const script = `${settings}\n${source}\nECS_CONTAINER_METADATA_URI_V4=${address}\nfx_print_header`;
  const child = spawn(findProgram(SHELLS[0]?.split(" ")[0] ?? "sh"), ["-c", script], {
    env: { PATH, ...Object.fromEntries(proxies.map((name) => [name, "http://127.0.0.1:1"])) },
  });
  return text(child.stdout);
}

const absent = (program: string): string | undefined =>
  findProgram(program) ? undefined : `there is no ${program}`;

describe("the metadata endpoint of the task", () => {
  const programs: [kind: string, name: string, program: string][] = [
    ["curl", "curl", findProgram("curl")],
    ["python3", "python3", PYTHON],
    ["the wget of busybox", "wget", findProgram("busybox")],
  ];
  if (has("wget", absent("wget"))) programs.push(["the wget of GNU", "wget", findProgram("wget")]);

  it.each(programs)("is asked without the container's proxy by %s", async (_, name, program) => {
    expect(await header(withOnly(name, program), url)).toMatch(
      /cluster=demo task=arn:aws:ecs:x .* cpu= memory=512/,
    );
  });

  it.concurrent.each(programs)("that is silent is given up soon by %s", async (_, name, program) => {
    const began = quietTime();
    expect(await header(withOnly(name, program), silent.url)).toContain("metadata=unavailable");
    // Two seconds, and the start of the programs. Without a limit it would never end.
    expect(quietTime() - began).toBeLessThan(30_000);
  });
});
