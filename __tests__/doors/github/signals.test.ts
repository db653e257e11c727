import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Changes, inTime } from "../../helpers/until.ts";

const CANCEL = new URL("../../../src/doors/github/signals.ts", import.meta.url).href;
const PROCESS = new URL("../../../src/doors/github/process.ts", import.meta.url).href;
/** A step that prints why it is cancelled, and goes on until the test ends it. */
const STEP = `
import { cancelOnSignals } from ${JSON.stringify(CANCEL)};
import { thisProcess } from ${JSON.stringify(PROCESS)};
const unread = new AbortController();
const { cancel, ending } = cancelOnSignals(thisProcess(), unread.signal);
cancel.addEventListener("abort", () => {
  const { code, seen } = cancel.reason;
  console.log(JSON.stringify({ code, seen, ending: ending.aborted }));
});
setInterval(() => undefined, 1000);
process.on("message", (what) => (what === "done" ? process.exit(7) : unread.abort(new Error(what))));
console.log("ready");
`;

const running: ChildProcess[] = [];
afterEach(() => {
  for (const child of running.splice(0)) child.kill("SIGKILL");
});

async function start() {
  const node = fileURLToPath(new URL("../../../node_modules/.bin/node", import.meta.url));
  const child = spawn(node, ["--no-warnings", "--input-type=module-typescript", "--eval", STEP], {
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  running.push(child);
  const lines: string[] = [];
  const changes = new Changes();
  child.stdout?.on("data", (bytes: Buffer) => {
    lines.push(...bytes.toString().trim().split("\n"));
    changes.notify();
  });
  const said = async (count: number): Promise<string> => {
    await changes.until(
      () => lines.length >= count,
      () => `${count} lines: ${lines.join("\n")}`,
    );
    return lines[count - 1] ?? "";
  };
  expect(await said(1)).toBe("ready");
  return { child, said, ended: inTime("the end of the step", once(child, "exit")) };
}

it("the run is cancelled when its output has no reader any more, and a signal after that counts as the first", async () => {
  const { child, said, ended } = await start();
  child.send("write EPIPE");
  const seen = "The runner no longer reads the output of the step: write EPIPE.";
  expect(JSON.parse(await said(2))).toEqual({ code: "cancelled", seen, ending: false });
  child.kill("SIGINT");
  child.send("done");
  expect(await ended).toEqual([7, null]);
});

describe.each(["SIGINT", "SIGTERM"] as const)("%s", (first) => {
  it("cancels the run and leaves it time to undo", async () => {
    const { child, said, ended } = await start();
    child.kill(first);
    expect(JSON.parse(await said(2))).toEqual({
      ...{ code: "cancelled", seen: `The runner sent ${first}.`, ending: true },
    });
    expect([child.exitCode, child.signalCode]).toEqual([null, null]);
    child.send("done");
    expect(await ended).toEqual([7, null]);
  });

  it.each(["SIGINT", "SIGTERM"] as const)("then %s ends it at once", async (second) => {
    const { child, said, ended } = await start();
    child.kill(first);
    await said(2);
    child.kill(second);
    expect(await ended).toEqual([130, null]);
  });
});
