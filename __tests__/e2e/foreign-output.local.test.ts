import { Aws, mainLog } from "../helpers/local.ts";

let aws: Aws;

beforeAll(async () => {
  aws = await Aws.start();
});

afterAll(() => aws.stop());

const run = `for i in 1 2 3 4 5 6 7 8 9; do
  echo "line $i"
  if [ "$i" = 5 ]; then
    echo "not the job's" >"/proc/$(cut -d : -f 1 "\${0%/*}/attacher")/fd/1"
  fi
  sleep 0.1
done
exit 5`;

it("what another process writes to the session's terminal is reported, and gets into neither output nor status", async () => {
  const task = await aws.runningTask();
  const result = await aws.step({ task: task.id, run });
  const stdout = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((i) => `line ${i}`).join("\n");
  expect(result.outputs).toMatchObject({ stdout, "exit-code": "5", outcome: "failed" });
  expect(mainLog(result).join("\n")).toMatch(
    /^##\[warning\]The output of session \S+ did not arrive as it was sent: .* What it showed after byte 0 can't be trusted/m,
  );
  expect(aws.calls("ExecuteCommand")).toHaveLength(2);
});
