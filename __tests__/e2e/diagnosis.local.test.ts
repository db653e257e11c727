import { Aws, mainLog, withoutInit } from "../helpers/local.ts";

let aws: Aws;
beforeAll(async () => {
  // The agents run, but never take a session.
  aws = await Aws.start({ delays: { connect: 600_000 } });
});
afterAll(() => aws.stop());

it("an agent that takes no session: the needs of ECS Exec are checked and printed, and the error names what is missing", async () => {
  const container = {
    ...withoutInit,
    readonlyRootFilesystem: true,
    environment: [{ name: "AWS_ACCESS_KEY_ID", value: "AKIDEXAMPLE" }],
  };
  await aws.register("bad-manners", [container]);
  const result = await aws.step({ ...aws.newTask("bad-manners"), "start-timeout": "4s", run: "x" });
  expect(result.outputs).toMatchObject({ outcome: "not-started", "exit-code": "" });
  expect(result.annotations).toEqual([
    {
      level: "error",
      title: "fargate-exec: exec-not-ready",
      message: expect.stringMatching(
        /root file system NG .*static credentials NG \(the environment sets AWS_ACCESS_KEY_ID.*volumes/s,
      ) as string,
    },
  ]);
  const checks = mainLog(result).filter((line) => /^ {2}(OK {2}|NG {2}|SKIP) {2}/.test(line));
  expect(checks.length).toBeGreaterThanOrEqual(12);
  expect(checks).toContain("  OK    exec agent: it is RUNNING");
  expect(checks).toContainEqual(
    expect.stringMatching(/^ {2}NG {4}root file system: .*Set 'readonlyRootFilesystem' to false/),
  );
  expect(aws.startedAndAlive()).toEqual([]);
});

it("a task without ECS Exec: one error, with the command that enables it and the input that starts another task", async () => {
  const { made, local } = aws.world;
  const plain = local.tasks.find(({ plan }) => plan.group === `service:${made.service}`);
  if (plain === undefined) throw new Error("the service runs no task");
  Object.assign(plain.plan, { enableExecuteCommand: false });
  const result = await aws.step({ service: made.service, run: "x" });
  expect(result.annotations).toEqual([
    expect.objectContaining({
      title: "fargate-exec: exec-not-enabled",
      message: expect.stringMatching(/--enable-execute-command.*'start: true'/) as string,
    }),
  ]);
  expect(result.outputs).toMatchObject({ outcome: "not-started", "exit-code": "" });
  const told = result.log.join("\n").match(/enable-execute-command|enableExecuteCommand is false/g);
  expect(told).toHaveLength(2);
});
