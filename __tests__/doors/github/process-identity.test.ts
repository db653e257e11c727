import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { identityOf, isRunning } from "../../../src/doors/github/process-identity.ts";
import { until } from "../../helpers/until.ts";

const started: ChildProcess[] = [];
afterEach(() => {
  for (const each of started.splice(0)) each.kill("SIGKILL");
});

function start(...words: readonly string[]): ChildProcess {
  const child = spawn(words[0] ?? "", words.slice(1), { stdio: ["pipe", "pipe", "ignore"] });
  started.push(child);
  return child;
}

it("a process runs until it ends, and another one of its number is not it", async () => {
  const child = start("sleep", "600");
  const identity = identityOf(child.pid ?? 0);
  expect(isRunning(identity)).toBe(true);
  expect(isRunning({ ...identity, began: `${identity.began ?? ""}0` })).toBe(false);
  child.kill("SIGKILL");
  await once(child, "close");
  expect(isRunning(identity)).toBe(false);
});

it("a process that has ended does not run, though its parent has not waited for it", async () => {
  // The shell becomes a program that waits for no child.
  const parent = start("sh", "-c", "sleep 600 & echo $!; exec sleep 600");
  const [line] = (await once(parent.stdout ?? parent, "data")) as [Buffer];
  const identity = identityOf(Number(line));
  expect(isRunning(identity)).toBe(true);
  process.kill(identity.pid, "SIGKILL");
  await until(() => !isRunning(identity));
});
