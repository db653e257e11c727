import { Runner } from "../../src/github/runner.ts";
import { runnerSurroundings } from "../../src/github/surroundings.ts";
import { run } from "../../src/main.ts";
import { finishCleanup } from "../../src/post-main.ts";
import { MemoryProcess } from "../helpers/runner-process.ts";

const FILES = { GITHUB_STATE: "state", GITHUB_OUTPUT: "output", GITHUB_STEP_SUMMARY: "summary" };
const ENV = { GITHUB_REPOSITORY: "example/demo", GITHUB_WORKSPACE: "/nowhere", ...FILES };
const wrong = (workers: string) =>
  new MemoryProcess({ ...ENV, INPUT_REGION: "eu-west-1", INPUT_WORKERS: workers });

it("two steps in one process each have their own log, outputs, summary and end", async () => {
  const [one, other] = [wrong("none"), wrong("many")];
  await Promise.all([run(runnerSurroundings(one)), run(runnerSurroundings(other))]);
  for (const [step, own, foreign] of [
    [one, "none", "many"],
    [other, "many", "none"],
  ] as const) {
    expect(step.exitCode).toBe(1);
    expect(step.values("output")).toMatchObject({ outcome: "not-started", "exit-code": "" });
    expect(step.lines.at(-1)).toContain(`'${own}'`);
    expect(step.files.get("summary")).toContain(own);
    expect([...step.lines, ...step.files.values()].join("\n")).not.toContain(`'${foreign}'`);
  }
});

it("a signal cancels the step of its own process only, and a second one ends that process", () => {
  const [one, other] = [wrong("none"), wrong("none")];
  const [first, second] = [runnerSurroundings(one), runnerSurroundings(other)];
  one.signal("SIGINT");
  expect([first.cancel.aborted, second.cancel.aborted, one.exits]).toEqual([true, false, []]);
  one.signal("SIGTERM");
  expect([one.exits, other.exits]).toEqual([[130], []]);
});

it("a step's state is read by the post step of the same job", () => {
  const main = new MemoryProcess(ENV);
  const entry = { kind: "protection", cluster: "ci", task: "17", until: 1 };
  const saved = { region: "eu-west-1", role: undefined, undo: [entry] } as never;
  new Runner(main).saveState({ ...(saved as object), page: 0 } as never);
  const states = Object.entries(main.values("state")).map(([name, value]) => [`STATE_${name}`, value]);
  const post = new MemoryProcess({ ...ENV, ...(Object.fromEntries(states) as NodeJS.ProcessEnv) });
  expect(new Runner(post).savedState()).toEqual(saved);
});

it("the post step of a step that has saved nothing shows nothing", async () => {
  const post = new MemoryProcess(ENV);
  await finishCleanup(post);
  expect(post.lines).toEqual([""]);
  post.signal("SIGTERM");
  await post.world.clock.turn();
  expect(post.lines).toEqual(["Finishing in spite of SIGTERM."]);
});

it("a runner without files gets commands, in which nothing of a value is a command", () => {
  const main = new MemoryProcess({});
  new Runner(main).saveState({ region: "eu\n::x::%", role: undefined, undo: [], page: 0 });
  expect(main.lines).toEqual([
    '::save-state name=fargate-exec::{"region":"eu\\n::x::%25","undo":[],"page":0}',
  ]);
});

it("an annotation's text and title are escaped as the runner wants them", () => {
  const main = new MemoryProcess({});
  new Runner(main).screen.error("50 %\nof it", { title: "a: b, c", file: "x.py", startLine: 3 });
  expect(main.lines).toEqual(["::error title=a%3A b%2C c,file=x.py,line=3::50 %25%0Aof it"]);
});

it("a file of the runner that is not there is named by its variable", async () => {
  const main = wrong("none");
  main.files.delete("summary");
  await run(runnerSurroundings(main));
  expect(main.lines.at(-1)).toMatch(/^::error .*GITHUB_STEP_SUMMARY.*no such file: summary/);
});
