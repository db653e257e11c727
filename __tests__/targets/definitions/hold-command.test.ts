import { spawn } from "node:child_process";
import { once } from "node:events";
import { holdCommand } from "../../../src/targets/definitions/hold-command.ts";
import { inTime } from "../../helpers/until.ts";

it("the hold lives a quarter of an hour longer than the job may", () => {
  expect(holdCommand(3_600_000, [])).toEqual([
    "sh",
    "-c",
    "trap 'sleep 5; exit 0' TERM INT; sleep 4500 & wait $!",
  ]);
});

it.each([
  ["a shell", ["sh", "-c"], 1],
  ["a shell by its path", ["/bin/bash", "-ec"], 1],
  ["a login shell of busybox", ["ash", "-lce"], 1],
  ["a shell that runs nothing", ["dash", "-nc"], 3],
  ["a shell that runs nothing by a flag of its own", ["dash", "-n", "-c"], 3],
  ["a shell with a script of its own", ["sh", "/start.sh", "-c"], 3],
  ["a shell with flags and options of their own", ["/bin/bash", "--norc", "-l", "-eo", "pipefail", "-c"], 1],
  ["a script", ["/docker-entrypoint.sh"], 3],
  ["another program", ["python3", "-c"], 3],
])("for %s as the entry point, %j, the hold has %i words", (_, entryPoint, words) => {
  expect(holdCommand(0, entryPoint)).toHaveLength(words);
});

it("the hold ends without an error on TERM, once the exec agent has had some time", async () => {
  const [command = "", flag = "", script = ""] = holdCommand(0, []);
  // The script says when it waits. It has a process group of its own, so that its sleep can be killed with it.
  const args = [
    flag,
    script.replace("wait", "echo waiting; wait").replace("sleep 5", "echo lingering; sleep 0.1"),
  ];
  const child = spawn(command, args, { detached: true, stdio: ["ignore", "pipe", "ignore"] });
  await inTime("the first word of the hold", once(child.stdout, "data"));
  child.kill("SIGTERM");
  const [word] = (await inTime("a word after TERM", once(child.stdout, "data"))) as [Buffer];
  const [code] = (await inTime("the end of the hold", once(child, "exit"))) as [number | null];
  if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  expect(word.toString()).toBe("lingering\n");
  expect(code).toBe(0);
});
