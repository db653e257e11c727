import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runStep } from "../../../local/runner/step.ts";
import { output, runFixture } from "./fixture.ts";

// Far shorter than the runner's times, so that a process that ignores signals is killed soon.
const patience = { interrupt: 300, terminate: 300, streams: 300 };

describe("a step", () => {
  it("logs both streams, and succeeds by exit code 0", async () => {
    const result = await runFixture({ main: `lines("one"); console.error("two");` });
    expect([...output(result)].sort()).toEqual(["one", "two"]);
    expect(result).toMatchObject({ conclusion: "success", exitCode: 0, post: undefined });
  });

  it.each([
    ["an exit code", `process.exit(3);`, 3],
    ["a signal", `process.kill(process.pid, "SIGKILL");`, 137],
  ])("fails by %s", async (_, main, exitCode) => {
    expect(await runFixture({ main })).toMatchObject({ conclusion: "failure", exitCode });
  });

  it.each([
    ["line feeds, and what comes after the last", `"a\\nb"`, ["a", "b"]],
    ["CR LF, even cut in two", `"a\\r", "\\nb\\r\\n"`, ["a", "b"]],
    ["a CR alone", `"10%\\r20%\\r", "30%\\n"`, ["10%", "20%", "30%"]],
    ["empty lines", `"a\\n\\nb\\n"`, ["a", "", "b"]],
    ["characters cut in two", `Buffer.from([0xc3]), Buffer.from([0xa9, 10])`, ["é"]],
  ])("reads lines with %s", async (_, chunks, expected) => {
    const write = `for (const chunk of [${chunks}]) { process.stdout.write(chunk); await new Promise((r) => setTimeout(r, 20)); }`;
    expect(output(await runFixture({ main: `(async () => { ${write} })();` }))).toEqual(expected);
  });

  it("has its own environment and the runner's, and nothing of this process's", async () => {
    process.env["OURS"] = "x";
    const main = `file("OUTPUT", "env<<END\\n" + JSON.stringify(process.env) + "\\nEND\\n"); lines(process.cwd());`;
    const workspace = mkdtempSync(join(tmpdir(), "workspace-"));
    const result = await runFixture(
      { main },
      { workspace, env: { MODE: "test", GITHUB_SHA: "0".repeat(40) } },
    );
    delete process.env["OURS"];
    rmSync(workspace, { recursive: true });
    const env = JSON.parse(result.outputs["env"] ?? "") as Record<string, string>;
    expect(env).toMatchObject({
      MODE: "test",
      CI: "true",
      GITHUB_ACTIONS: "true",
      GITHUB_REPOSITORY: "example-org/shop",
      GITHUB_SHA: "0".repeat(40),
      GITHUB_WORKSPACE: workspace,
      RUNNER_OS: "Linux",
      PATH: process.env["PATH"],
    });
    expect(env).not.toHaveProperty("OURS");
    expect(output(result)).toEqual([workspace]);
    expect(existsSync(env["HOME"] ?? "")).toBe(false);
    expect(existsSync(env["RUNNER_TEMP"] ?? "")).toBe(false);
  });

  it("has its matrix as JSON by the default of action.yml, and an empty object when there is none, as act", async () => {
    const inputs = `  matrix: { default: "\${{ toJSON(strategy) }}" }`;
    const fixture = { main: `lines(process.env["INPUT_MATRIX"]);`, inputs };
    const strategy = { "job-index": 0, "job-total": 4 };
    const printed = output(await runFixture(fixture, { strategy }));
    expect(JSON.parse(printed.join("\n"))).toEqual(strategy);
    expect(output(await runFixture(fixture))).toEqual(["{}"]);
  });

  it("has an empty standard input", async () => {
    const main = `process.stdin.on("end", () => lines("end")).resume();`;
    expect(output(await runFixture({ main }))).toEqual(["end"]);
  });

  it("does not wait for a child that holds its output open", async () => {
    const main = `
      const child = require("node:child_process").spawn("sleep", ["60"], { detached: true, stdio: "inherit" });
      child.unref();
      lines(String(child.pid));`;
    const result = await runFixture({ main }, { patience });
    process.kill(Number(output(result)[0]), "SIGKILL");
    expect(result.conclusion).toBe("success");
  });

  it("reports each line as it comes", async () => {
    const seen: string[] = [];
    const result = await runFixture(
      { main: `lines("a", "::add-mask::bbb", "bbb")` },
      { onLine: (line) => seen.push(line) },
    );
    expect(seen).toEqual(result.log);
    expect(seen.slice(-2)).toEqual(["a", "***"]);
  });
});

describe("inputs", () => {
  const main = `file("OUTPUT", "env<<END\\n" + JSON.stringify(process.env) + "\\nEND\\n");`;
  const inputs = `
  working-directory:
    default: /srv
  with space:
    default: x
  count:
    default: 3
  loud:
    default: true
  empty: {}
  bare:`;

  it("become variables, with defaults filled in", async () => {
    const result = await runFixture({ main, inputs }, { inputs: { "Working-Directory": " /app\n" } });
    expect(JSON.parse(result.outputs["env"] ?? "")).toMatchObject({
      "INPUT_WORKING-DIRECTORY": " /app\n",
      INPUT_WITH_SPACE: "x",
      INPUT_COUNT: "3",
      INPUT_LOUD: "true",
      INPUT_EMPTY: "",
      INPUT_BARE: "",
    });
  });

  it("are printed first, secrets masked", async () => {
    const result = await runFixture(
      { main: "", inputs },
      { inputs: { "working-directory": "/app", empty: "" }, env: { TOKEN: "hunter2" }, secrets: ["hunter2"] },
    );
    expect(result.log).toEqual([
      expect.stringMatching(/^##\[group\]Run org\/fargate-exec@v\d+$/),
      "with:",
      "  working-directory: /app",
      "  with space: x",
      "  count: 3",
      "  loud: true",
      "env:",
      "  TOKEN: ***",
      "##[endgroup]",
    ]);
    expect(result.rawLog).toContain("  TOKEN: hunter2");
  });

  it("that action.yml does not have cause a warning", async () => {
    const result = await runFixture({ main: "", inputs: "  a: {}\n  b: {}" }, { inputs: { A: "1", c: "2" } });
    expect(result.annotations).toEqual([
      { level: "warning", message: "Unexpected input(s) 'c', valid inputs are ['a', 'b']" },
    ]);
    expect(result.conclusion).toBe("success");
  });
});

describe("file commands", () => {
  it("carry outputs, state and the summary", async () => {
    const result = await runFixture({
      main: `
        file("OUTPUT", "plain=a=b\\nlong<<END\\none\\ntwo\\n\\nEND\\n");
        file("STATE", "task=t1\\n");
        file("STEP_SUMMARY", "# Done\\n\\ntoken hunter2\\n");
        lines("::add-mask::hunter2");`,
    });
    expect(result.outputs).toEqual({ plain: "a=b", long: "one\ntwo\n" });
    expect(result.state).toEqual({ task: "t1" });
    expect(result.summary).toBe("# Done\n\ntoken ***\n");
  });

  it("that can't be read fail the step", async () => {
    const result = await runFixture({ main: `file("OUTPUT", "a=1\\nno pair\\n");` });
    expect(result).toMatchObject({ conclusion: "failure", exitCode: 0, outputs: { a: "1" } });
    expect(result.annotations.map(({ message }) => message)).toEqual([
      "Unable to process file command 'output' successfully.",
      "Invalid format 'no pair'",
    ]);
  });

  it("with too large a summary cause an error, and the step goes on", async () => {
    const result = await runFixture({ main: `file("STEP_SUMMARY", "x".repeat(1024 * 1024 + 1));` });
    expect(result).toMatchObject({ conclusion: "success", summary: "" });
    expect(result.annotations[0]?.message).toContain("supports content up to a size of 1024k, got 1024k");
  });
});

describe("post", () => {
  const post = `
    lines("state " + process.env["STATE_task"], "input " + process.env["INPUT_A"], "env " + process.env["ADDED"]);
    lines("path " + process.env["PATH"].split(":").slice(0, 2));
    lines("secret hunter2", "::warning::left over");
    file("STEP_SUMMARY", "post\\n");`;
  const main = `
    file("STATE", "task<<E\\nt1\\nE\\n");
    file("ENV", "ADDED=yes\\nNODE_OPTIONS=--bad\\n");
    file("PATH", "/first\\n/second\\n");
    file("STEP_SUMMARY", "main\\n");
    lines("::add-mask::hunter2");`;

  it("has main's state, inputs, environment, path and masks", async () => {
    const result = await runFixture({ main, post, inputs: "  a: { default: x }" });
    expect(result.post?.log).toEqual([
      "Post job cleanup.",
      "state t1",
      "input x",
      "env yes",
      "path /second,/first",
      "secret ***",
      "##[warning]left over",
    ]);
    expect(result.summary).toBe("main\npost\n");
    expect(result.post?.annotations).toEqual([{ level: "warning", message: "left over" }]);
    expect(result.annotations.map(({ message }) => message)).toEqual([
      "Can't store NODE_OPTIONS output parameter using '$GITHUB_ENV' command.",
    ]);
  });

  it("runs after a main that failed, and fails by itself", async () => {
    const result = await runFixture({ main: `process.exit(1)`, post: `process.exit(2)` });
    expect(result).toMatchObject({
      conclusion: "failure",
      exitCode: 1,
      post: { conclusion: "failure", exitCode: 2 },
    });
  });

  it("waits for `beforePost`", async () => {
    const order: string[] = [];
    await runFixture(
      { main: `lines("main")`, post: `lines("post")` },
      {
        onLine: (line) => order.push(line),
        beforePost: async () => void order.push(await Promise.resolve("between")),
      },
    );
    expect(order.slice(-4)).toEqual(["main", "between", "Post job cleanup.", "post"]);
  });
});

describe("cancel", () => {
  const stubborn = `
    process.on("SIGINT", () => lines("got SIGINT"));
    process.on("SIGTERM", () => lines("got SIGTERM"));
    setInterval(() => {}, 1000);
    lines("ready");`;

  /** Cancels the job as soon as main has printed that it is ready. */
  const cancelling = () => {
    const cancel = new AbortController();
    const onLine = (line: string): void => {
      if (line === "ready") cancel.abort();
    };
    return { signal: cancel.signal, patience, onLine };
  };

  it("interrupts main, whose state still reaches post", async () => {
    const main = `
      process.on("SIGINT", () => { file("STATE", "task=t1\\n"); lines("stopping"); process.exit(0); });
      setInterval(() => {}, 1000);
      lines("ready");`;
    const result = await runFixture({ main, post: `lines(process.env["STATE_task"])` }, cancelling());
    expect(result).toMatchObject({ conclusion: "cancelled", exitCode: 0 });
    expect(output(result)).toEqual(["ready", "stopping", "##[error]The operation was canceled."]);
    expect(result.post).toMatchObject({ conclusion: "success", log: ["Post job cleanup.", "t1"] });
  });

  it("sends SIGINT, then SIGTERM, then kills", async () => {
    const result = await runFixture({ main: stubborn }, cancelling());
    expect(output(result)).toEqual([
      "ready",
      "got SIGINT",
      "got SIGTERM",
      "##[error]The operation was canceled.",
    ]);
    expect(result).toMatchObject({ conclusion: "cancelled", exitCode: 137 });
  });

  it("after main has ended changes nothing", async () => {
    const cancel = new AbortController();
    const result = await runFixture(
      { main: "", post: "" },
      { signal: cancel.signal, beforePost: () => cancel.abort() },
    );
    expect(result.conclusion).toBe("success");
    expect(result.post?.conclusion).toBe("success");
  });
});

describe("an action that can't be loaded", () => {
  it("is an error of the caller", async () => {
    await expect(runStep({ actionDir: "/nowhere", inputs: {}, env: {}, workspace: "/" })).rejects.toThrow(
      "ENOENT",
    );
  });
});
