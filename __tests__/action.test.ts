import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { attachInputNames, forwardInputNames, inputNames } from "../src/inputs/names.ts";
import { readInputs } from "../src/inputs/read-all.ts";
import { HANDLE_TEXT } from "./inputs/a-handle.ts";
import { least, newTask, source } from "./inputs/given.ts";

interface Action {
  readonly inputs: Readonly<Record<string, { description: string; default?: string; required: boolean }>>;
  readonly outputs: Readonly<Record<string, { description: string }>>;
  readonly runs: Readonly<Record<string, string>>;
}

const action = parse(readFileSync("action.yml", "utf8")) as Action;
const inputs = Object.entries(action.inputs);
const outputs = Object.entries(action.outputs);
const attach = parse(readFileSync("attach/action.yml", "utf8")) as Action;
const forward = parse(readFileSync("forward/action.yml", "utf8")) as Action;

/** The names that `readInputs` asks for, besides the check for NUL bytes, which asks for every name once. */
function namesAsked(scenarios: readonly Readonly<Record<string, string>>[]): readonly string[] {
  const asked = new Set<string>();
  for (const given of scenarios) {
    const plain = source(given, { files: { "/repo/x": "ls" } });
    const times = new Map<string, number>();
    const get = (name: string): string => {
      const seen = (times.get(name) ?? 0) + 1;
      times.set(name, seen);
      if (seen > 1) asked.add(name);
      return plain.get(name);
    };
    readInputs({ ...plain, get });
  }
  return [...asked].sort();
}

describe("action.yml", () => {
  it("has the inputs that users were promised", () => {
    expect(Object.keys(action.inputs)).toEqual(
      (
        "cluster role-to-assume check task service task-definition image borrow architecture container tasks max-parallel fail-fast protect start deployment hold subnets security-groups " +
        "assign-public-ip capacity-providers cpu memory task-role execution-role " +
        "tags overrides keep-task start-timeout queue-timeout run script-file shell args working-directory stdin files artifacts artifacts-path artifacts-max-size artifacts-missing reports env secrets items batch workers user stderr " +
        "timeout retry retry-attempts detach lock matrix bucket bucket-owner kms-key-id logs log-to-container workflow-commands summary region"
      ).split(" "),
    );
  });

  it("has the outputs that users were promised", () => {
    expect(Object.keys(action.outputs)).toEqual(
      "exit-code outcome stdout stderr duration artifacts-path tests handle task-arn task-id task-arns session-id log-group log-stream log-url private-ip public-ip results".split(
        " ",
      ),
    );
  });

  it("has the defaults that users were promised, and no others", () => {
    const defaults = inputs.flatMap(([name, input]) =>
      input.default === undefined ? [] : [[name, input.default]],
    );
    expect(Object.fromEntries(defaults)).toEqual({
      cluster: "default",
      check: "false",
      borrow: "all",
      tasks: "1",
      "fail-fast": "false",
      start: "false",
      hold: "true",
      "keep-task": "never",
      "start-timeout": "10m",
      workers: "1",
      stderr: "apart",
      "artifacts-missing": "warn",
      timeout: "60m",
      detach: "false",
      matrix: "${{ toJSON(strategy) }}",
      logs: "auto",
      "log-to-container": "false",
      "workflow-commands": "false",
      summary: "true",
    });
  });

  it("names every input that is read, and only those", () => {
    const scenarios = [
      least,
      newTask,
      { ...least, run: "", "script-file": "x", service: "", task: "0".repeat(32) },
    ];
    expect(namesAsked(scenarios)).toEqual([...inputNames].sort());
    expect(Object.keys(action.inputs)).toEqual([...inputNames]);
  });

  it.each([
    ["a running task", least],
    ["a new task", newTask],
  ])("has the defaults that `readInputs` assumes, for %s", (_, given) => {
    const preset = ({ default: text = "" }: { default?: string }) => (text.startsWith("${{") ? "" : text);
    const filled = Object.fromEntries(inputs.map(([name, input]) => [name, preset(input)]));
    expect(readInputs(source({ ...filled, ...given }))).toEqual(readInputs(source(given)));
  });

  it.each(inputs)("describes input %s by an example and its default", (_, input) => {
    const description = input.description.replaceAll("\n", " ");
    expect(input.required).toBe(false);
    expect(description).toMatch(/for example/i);
    expect(description).toMatch(/default/i);
    const preset = input.default?.replace(/^\$\{\{ (.*) \}\}$/, "$1");
    if (preset !== undefined) expect(description).toContain(`Default: "${preset}"`);
  });

  it("has no expression in a description, which the runner would evaluate", () => {
    for (const [, { description }] of [...inputs, ...outputs]) expect(description).not.toContain("${{");
  });

  it.each(outputs)("describes output %s by an example", (_, { description }) => {
    expect(description).toMatch(/for example/);
  });

  it("runs on Node 24, and cleans up whatever happened", () => {
    expect(action.runs).toEqual({
      using: "node24",
      main: "dist/index.js",
      post: "dist/post.js",
      "post-if": "always()",
    });
  });
});

describe("attach/action.yml", () => {
  it("has the inputs that a step may give, and reads all of them", () => {
    expect(Object.keys(attach.inputs)).toEqual([...attachInputNames]);
    const asked: readonly string[] = namesAsked([{ handle: HANDLE_TEXT }]);
    expect(asked).toEqual(expect.arrayContaining([...attachInputNames]));
  });

  it("has the root's outputs, and its other inputs' defaults", () => {
    expect(attach.outputs).toEqual(action.outputs);
    for (const name of attachInputNames.filter((one) => one in action.inputs))
      expect([name, attach.inputs[name]?.default]).toEqual([name, action.inputs[name]?.default]);
  });

  it("describes each input by an example and its default, without an expression, which the runner would evaluate", () => {
    for (const { description } of Object.values(attach.inputs)) {
      expect(description.replaceAll("\n", " ")).toMatch(/for example .*(Default: |No default\.)/i);
      expect(description).not.toContain("${{");
    }
  });

  it("runs the same bundle by a door of its own", () => {
    expect(attach.runs).toEqual({ ...action.runs, main: "../dist/attach.js", post: "../dist/post.js" });
  });
});

describe("forward/action.yml", () => {
  const given = { ...least, run: "", forwards: "5432" };

  it("has the inputs that a step may give, and reads all of them", () => {
    expect(Object.keys(forward.inputs)).toEqual([...forwardInputNames]);
    const asked: readonly string[] = namesAsked([given, { ...newTask, run: "", forwards: "5432" }]);
    expect(asked).toEqual(expect.arrayContaining([...forwardInputNames]));
  });

  it("has the defaults that `readInputs` assumes, and the root's but for two", () => {
    const filled: Record<string, string> = {};
    for (const [name, { default: text = "" }] of Object.entries(forward.inputs)) filled[name] = text;
    expect(readInputs(source({ ...filled, ...given }))).toEqual(readInputs(source(given)));
    const others = Object.keys(forward.inputs).filter(
      (name) => name !== "forwards" && forward.inputs[name]?.default !== action.inputs[name]?.default,
    );
    expect(others).toEqual(["queue-timeout", "timeout"]);
  });

  it("describes each input and output by an example, without an expression, which the runner would evaluate", () => {
    for (const { description } of Object.values(forward.inputs)) {
      expect(description.replaceAll("\n", " ")).toMatch(/for example .*(Default: |No default\b)/i);
      expect(description).not.toContain("${{");
    }
    expect(Object.keys(forward.outputs)).toEqual(["port", "ports"]);
    for (const { description } of Object.values(forward.outputs)) expect(description).toMatch(/for example/);
  });

  it("runs the same bundle by a door of its own", () => {
    expect(forward.runs).toEqual({ ...action.runs, main: "../dist/forward.js", post: "../dist/post.js" });
  });
});
