import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { asRoot } from "../../local/task/isolate.ts";
import { withNeed } from "../helpers/needs.ts";
import { withoutPython } from "../helpers/tools.ts";
import { watch, WatchedJob, type WatchedRun } from "../helpers/watch.ts";
import { openLogPipe } from "./log-pipe.ts";

const NOBODY = 65_534;
const asOthers = withNeed(it, "root", asRoot ? undefined : "only root can give a pipe to another user");
const directory = mkdtempSync(join(tmpdir(), "echo-"));
afterAll(() => rmSync(directory, { recursive: true }));

/** Runs `echo hello` with that pipe as the container's log. Gives what the pipe got, and the notes. */
async function runHello(
  pipe: ReturnType<typeof openLogPipe>,
  containerEnv: Record<string, string>,
): Promise<{ run: WatchedRun; copy: string; notes: string }> {
  const run = await watch({ containerEnv, script: "echo hello", log: pipe.path, logToContainer: true });
  const notes = run.events.flatMap((event) => (event.kind === "note" ? [event.text] : [])).join("\n");
  const copy = pipe.text();
  pipe.close();
  expect(run.stdout.toString()).toBe("hello\n");
  return { run, copy, notes };
}

asOthers("a pipe of another user in the place of the container's log gets nothing", async () => {
  const pipe = openLogPipe();
  chownSync(dirname(pipe.path), NOBODY, NOBODY);
  chownSync(pipe.path, NOBODY, NOBODY);
  const { copy, notes } = await runHello(pipe, {});
  expect(notes).toContain("the standard output of PID 1 is no pipe of the container runtime");
  expect(copy).toBe("");
});

it("an image without python3 runs the job without the copy for the container's log, and a note says why", async () => {
  const { run, copy, notes } = await runHello(openLogPipe(), { PATH: withoutPython("mawk", directory) });
  expect(run.status).toMatchObject({ reason: "exited", workers: [{ exitCode: 0 }] });
  expect(notes).toContain("The output is not copied to the container's log: the image has no python3.");
  expect(copy).toBe("");
});

it("the container's log has what the script prints for each item, and not what the action is told of items", async () => {
  const pipe = openLogPipe();
  const script = 'echo "$FARGATE_EXEC_ITEM"';
  const job = new WatchedJob({ script, items: ["one", "two"], log: pipe.path, logToContainer: true });
  try {
    const terminal = job.attach();
    await terminal.says("header");
    terminal.type(Buffer.from("items 1 give 0 1\nitems 2 end\n"));
    await terminal.closed;
    expect(job.output("stdout").toString()).toBe("one\ntwo\n");
    expect(pipe.text()).toBe("one\ntwo\n");
  } finally {
    job.remove();
    pipe.close();
  }
});
