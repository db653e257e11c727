import type { Inputs } from "../../src/inputs/inputs.ts";
import { assemblePayload } from "../../src/payload/assemble.ts";
import type { LaunchInputs } from "../../src/targets/start/borrow.ts";
import { jobSource } from "../../src/payload/container-source.ts";
import { Listener } from "../helpers/listener.ts";
import { runShell } from "../helpers/shells.ts";
import { startInputs } from "../helpers/start-inputs.ts";
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
function assemble(inputs: Partial<Inputs>) {
  const log = new Listener();
  const payload = assemblePayload(anInputs(inputs), {
    ...{ origin, target: aTarget({ cpuUnits: 2048 }) },
    ...{ pieces: false, files: undefined, log },
  });
  const job = payload.bytes.subarray(0, payload.scriptAt).toString();
  // The settings, which stand before the code.
  const head = job.slice(0, job.indexOf(jobSource({ pieces: false, detaches: inputs.detach !== undefined })));
  /** The values of these variables, as the container's shell reads them. */
  const read = (...names: string[]): string[] => {
    const values = names.map((name) => `"$${name}"`).join(" ");
    const printVariables = `fx_set() { export "$1=$2"; }; eval "$fx_environment"; eval "$fx_own_environment"; printf '%s\\n' ${values}`;
    return runShell("sh", `fx_dir=D\n${head}\n${printVariables}`)
      .toString()
      .split("\n")
      .slice(0, names.length);
  };
  /** The command line that runs the script. */
  const commandLine = (): string =>
    runShell("sh", `fx_dir=D\n${head}\nshow() { printf '%s' "$*"; }; fx_command show`).toString();
  return {
    log: log.lines,
    script: payload.bytes.subarray(payload.scriptAt).toString("latin1"),
    payload,
    read,
    commandLine,
  };
}

describe("the assembled payload", () => {
  it("carries the script byte for byte", () => {
    expect(assemble({ script: { kind: "run", text: "echo größe\n" } }).script).toBe(
      Buffer.from("echo größe\n").toString("latin1"),
    );
    const bytes = Buffer.from([0, 255, 128]);
    expect(assemble({ script: { kind: "file", inWorkspace: undefined, path: "x", bytes } }).script).toBe(
      "\0\xff\x80",
    );
  });

  it("uses the shell of the input, else that of the shebang", () => {
    const script = { kind: "run", text: "#!/usr/bin/env node\n" } as const;
    expect(assemble({ script }).commandLine()).toBe("/usr/bin/env node D/script");
    expect(assemble({ script, shell: "bash {0}", args: ["a"] }).commandLine()).toBe("bash D/script a");
  });

  it("gives the job its settings, its task and its environment", () => {
    const { read } = assemble({ env: { A: "1", CI: "no" }, workingDirectory: "/srv", timeout: 90_500 });
    expect(
      read("fx_id", "fx_timeout", "fx_workdir", "fx_cluster", "fx_arn", "fx_container", "fx_url"),
    ).toEqual(
      // 90.5 s is rounded up, so that the job never has less time than was asked for.
      ["r1", "91", "/srv", "ci", TASK, "app", "https://example.com/runs/1"],
    );
    // No input changes a variable of the job itself.
    expect(read("A", "CI", "FARGATE_EXEC", "FARGATE_EXEC_RUN", "GITHUB_SHA")).toEqual([
      "1",
      "true",
      "true",
      "r1",
      "abc",
    ]);
  });

  it.each<[string, Partial<LaunchInputs> | undefined, number | undefined, string]>([
    ["a job that is left in a task of its own", {}, 0, "1"],
    ["a job that its step follows", {}, undefined, ""],
    ["a job in a task that is kept", { keepTask: "job" }, 0, ""],
    ["a job in a task that its own command keeps alive", { hold: false }, 0, ""],
    ["a job in somebody else's task", undefined, 0, ""],
  ])("says whether the container is held for the job alone: %s", (_, start, detach, isHeld) => {
    const where: Inputs["where"] =
      start === undefined
        ? { kind: "task", task: "1".repeat(32) }
        : {
            ...{ kind: "new", of: { kind: "service" }, service: "web", tasks: 1 },
            start: startInputs(start),
          };
    expect(assemble({ where, detach }).read("fx_held_for_job")).toEqual([isHeld]);
  });

  it("has the number of workers that was asked for; with 'auto', one for each vCPU of the task", () => {
    expect(assemble({ workers: 3 }).read("fx_workers", "FARGATE_EXEC_WORKERS")).toEqual(["3", "3"]);
    expect(assemble({ workers: "auto" }).read("fx_workers")).toEqual(["2"]);
  });

  it("holds no secret, and warns of each secret that is too short to redact, by its name", () => {
    const { log, payload, read } = assemble({ secrets: { PIN: "123", TOKEN: "hunter22" } });
    expect(log).toEqual(["warning: These secrets have a line that is too short to be redacted: PIN."]);
    expect(payload.bytes.toString()).not.toContain("hunter22");
    expect(read("TOKEN", "PIN")).toEqual(["", ""]);
    expect(assemble({ secrets: { TOKEN: "hunter22" } }).log).toEqual([]);
  });
});
