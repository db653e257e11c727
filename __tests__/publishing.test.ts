import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Job, workflowOf } from "./helpers/workflow-files.ts";

const root = mkdtempSync(join(tmpdir(), "publishing-"));
afterAll(() => rmSync(root, { recursive: true }));

const { jobs } = workflowOf(".github/workflows/release.yml");
const VERSION = "1.2.3";
const TARBALL = `fargate-exec-${VERSION}.tgz`;

/** The text of all commands that a job runs. */
const commandsOf = (job: Job | undefined): string => (job?.steps ?? []).map(({ run = "" }) => run).join("\n");
const publishing = Object.entries(jobs).filter(([, job]) => commandsOf(job).includes("npm publish"));

/** Runs the commands as the runner does, with an `npm` that only notes how it was called. Returns those calls, and the exit code. */
function run(
  commands: string,
  env: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>>,
) {
  const directory = mkdtempSync(join(root, "run-"));
  const [bin, calls] = [join(directory, "bin"), join(directory, "calls")];
  mkdirSync(bin);
  writeFileSync(join(bin, "npm"), `#!/bin/sh\necho "$@" >>'${calls}'\n`, { mode: 0o755 });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  const output = join(directory, "output");
  const { status } = spawnSync("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", commands], {
    ...{ cwd: directory, stdio: ["ignore", "ignore", "ignore"] },
    env: { PATH: `${bin}:${process.env["PATH"] ?? ""}`, GITHUB_OUTPUT: output, ...env },
  });
  const textOf = (path: string): string => (existsSync(path) ? readFileSync(path, "utf8") : "");
  return { status, calls: textOf(calls), output: textOf(output) };
}

it("the job that can publish runs no code of a package: it checks nothing out, and installs and builds nothing", () => {
  expect(publishing).toHaveLength(1);
  const [, job] = publishing[0] ?? [];
  const actions = (job?.steps ?? []).flatMap(({ uses }) => uses?.split("@")[0] ?? []);
  expect(actions).toEqual(["actions/setup-node", "actions/download-artifact"]);
  const npm = [...commandsOf(job).matchAll(/\bnpm (\w+)/g)].map(([, word]) => word);
  expect([...new Set(npm)]).toEqual(["publish"]);
  expect(commandsOf(job)).toMatch(/npm publish --ignore-scripts /);
  expect(job?.permissions).toEqual({ "id-token": "write" });
});

it("the job that installs packages can neither publish nor sign", () => {
  const installing = Object.values(jobs).filter((job) => /\bnpm (ci|install)\b/.test(commandsOf(job)));
  expect(installing.length).toBeGreaterThan(0);
  for (const { permissions = {} } of installing) {
    expect(Object.keys(permissions)).not.toContain("id-token");
    expect(Object.values(permissions)).not.toContain("write");
  }
});

describe("the tarball", () => {
  const [, publish] = publishing[0] ?? [];
  const builder = jobs[publish?.needs ?? ""];
  const pack = builder?.steps?.find(({ run = "" }) => run.includes("npm pack"))?.run ?? "";
  const sha256 = createHash("sha256").update("packed").digest("hex");

  it("is published with the hash that its builder has told", () => {
    const built = run(pack, { VERSION }, { [TARBALL]: "packed" });
    expect(built).toEqual({
      status: 0,
      calls: "pack --ignore-scripts ./.cache/package\n",
      output: `sha256=${sha256}\n`,
    });
    const published = run(commandsOf(publish), { VERSION, SHA256: sha256 }, { [TARBALL]: "packed" });
    expect(published.status).toBe(0);
    expect(published.calls).toBe(`publish --ignore-scripts --provenance --access public ./${TARBALL}\n`);
  });

  it.each([
    ["that was replaced", { SHA256: sha256 }, { [TARBALL]: "replaced" }],
    ["that is missing", { SHA256: sha256 }, {}],
    ["of which no hash is known", { SHA256: "" }, { [TARBALL]: "packed" }],
  ])("%s is not published", (_, env, files) => {
    const { status, calls } = run(commandsOf(publish), { VERSION, ...env }, files);
    expect(status).not.toBe(0);
    expect(calls).toBe("");
  });
});
