import type { Task } from "../../local/task/task.ts";
import { Aws, jobLog, mainLog } from "../helpers/local.ts";

let aws: Aws;
let task: Task;

// The idle limit is shorter than the half minute after which the attacher of a silent job writes a mark.
beforeAll(async () => {
  aws = await Aws.start({ gateway: { idleLimit: 4_000 } });
  task = await aws.runningTask();
});

afterAll(() => aws.stop());

it("a job that is silent for longer than a session may be idle goes on, and its status arrives", async () => {
  const run = `echo ran >>/var/tmp/ran; echo begun; sleep 12; echo done; wc -l </var/tmp/ran; exit 8`;
  const result = await aws.step({ task: task.id, run });
  const own = jobLog(result).filter((line) => !/^Session '?ecs-execute-command-/.test(line));
  expect(own).toEqual(["begun", "done", "1"]);
  expect(result.outputs).toMatchObject({ "exit-code": "8", outcome: "failed", stdout: "begun\ndone\n1" });
  expect(aws.calls("ExecuteCommand").length).toBeGreaterThan(1);
  expect(mainLog(result).join("\n")).toContain("Your session timed out due to inactivity.");
});
