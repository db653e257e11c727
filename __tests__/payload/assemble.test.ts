import type { Inputs } from "../../src/inputs/inputs.ts";
import { assemblePayload } from "../../src/payload/assemble.ts";
import { jobSource } from "../../src/payload/container-source.ts";
import { Listener } from "../helpers/listener.ts";
import { runShell } from "../helpers/shells.ts";
import { TASK } from "../helpers/tasks.ts";
import { anInputs, aTarget } from "../helpers/runs.ts";

const origin = {
  id: "r1",
  repository: "example/demo",
  runId: "1",
  runAttempt: "1",
  url: "https://example.com/runs/1",
  variables: { GITHUB_SHA: "abc" },
};
function prepare(inputs: Partial<Inputs>) {
  const log = new Listener();
  const payload = assemblePayload(anInputs(inputs), {
    ...{ origin, target: aTarget({ cpuUnits: 2048 }) },
    ...{ pieces: false, files: undefined, log },
  });
  const job = payload.bytes.subarray(0, payload.scriptAt).toString();
  /** Settings and environment, as the container's shell reads them. */
  const read = (...names: string[]): string[] => {
    const values = names.map((name) => `"$${name}"`).join(" ");
    const head = job.slice(0, job.indexOf(jobSource({ pieces: false, detaches: false })));
    const show = `fx_set() { export "$1=$2"; }; eval "$fx_environment"; eval "$fx_own_environment"; printf '%s\\n' ${values}`;
    return runShell("sh", `fx_dir=D\n${head}\n${show}`).toString().split("\n").slice(0, names.length);
  };
  const shell = (): string => {
    const head = job.slice(0, job.indexOf(jobSource({ pieces: false, detaches: false })));
    return runShell("sh", `fx_dir=D\n${head}\nshow() { printf '%s' "$*"; }; fx_command show`).toString();
  };
  return { log: log.lines, script: payload.bytes.subarray(payload.scriptAt).toString("latin1"), read, shell };
}

describe("preparing the payload", () => {
  it("brings the script as it was given", () => {
    expect(prepare({ script: { kind: "run", text: "echo größe\n" } }).script).toBe(
      Buffer.from("echo größe\n").toString("latin1"),
    );
    const bytes = Buffer.from([0, 255, 128]);
    expect(prepare({ script: { kind: "file", inWorkspace: undefined, path: "x", bytes } }).script).toBe(
      "\0\xff\x80",
    );
  });

  it("takes the shell that was asked for, else the script's own", () => {
    const script = { kind: "run", text: "#!/usr/bin/env node\n" } as const;
    expect(prepare({ script }).shell()).toBe("/usr/bin/env node D/script");
    expect(prepare({ script, shell: "bash {0}", args: ["a"] }).shell()).toBe("bash D/script a");
  });

  it("tells the job what and where it is", () => {
    const { read } = prepare({ env: { A: "1", CI: "no" }, workingDirectory: "/srv", timeout: 90_500 });
    expect(
      read("fx_id", "fx_timeout", "fx_workdir", "fx_cluster", "fx_arn", "fx_container", "fx_url"),
    ).toEqual(
      // Never shorter than was asked for.
      ["r1", "91", "/srv", "ci", TASK, "app", "https://example.com/runs/1"],
    );
    expect(read("A", "CI", "FARGATE_EXEC", "FARGATE_EXEC_RUN", "GITHUB_SHA")).toEqual([
      ...["1", "true", "true", "r1", "abc"],
    ]);
  });

  it("has as many workers as were asked for, or the task's cpu allows", () => {
    expect(prepare({ workers: 3 }).read("fx_workers", "FARGATE_EXEC_WORKERS")).toEqual(["3", "3"]);
    expect(prepare({ workers: "auto" }).read("fx_workers")).toEqual(["2"]);
  });

  it("holds no secret, and warns by name of one that can't be redacted", () => {
    const { log, script, read } = prepare({ secrets: { PIN: "123", TOKEN: "hunter22" } });
    expect(log).toEqual(["warning: Too short to be redacted, in whole or in part: PIN."]);
    expect(script).not.toContain("hunter22");
    expect(read("TOKEN", "PIN")).toEqual(["", ""]);
    expect(prepare({ secrets: { TOKEN: "hunter22" } }).log).toEqual([]);
  });
});
