import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import type { StepResult } from "../../local/runner/step.ts";
import { Aws, jobDirectories, jobLog, processes } from "../helpers/local.ts";
import { Proxy } from "../helpers/proxy.ts";
import { eventually } from "../helpers/until.ts";
import { itInSoak } from "../helpers/every-nth.ts";

let aws: Aws;
let proxy: Proxy;

beforeAll(async () => {
  [aws, proxy] = [await Aws.start(), await Proxy.start()];
});
afterEach(() => aws.world.local.calm());
afterAll(async () => {
  await aws.stop();
  await proxy.stop();
});

const script = `
printf 'größer\\t日本語 🚀\\r\\n'
seq -f 'line %.0f' 2000
sleep 0.3
echo "problem with $TOKEN" >&2
exit 23
`;
const lines = [
  "größer\t日本語 🚀",
  ...Array.from({ length: 2000 }, (_, at) => `line ${at + 1}`),
  "problem with ***",
];

async function run(cluster: string, env: Record<string, string> = {}): Promise<StepResult> {
  const task = await aws.runningTask(undefined, cluster);
  return aws.step({ cluster, task: task.id, run: script, secrets: "TOKEN=hunter22" }, { env });
}

/** The expected result, the same for each kind of session. */
function expectSame(result: StepResult): void {
  expect(jobLog(result).filter((line) => !line.startsWith("Session '"))).toEqual(lines);
  expect(result.outputs).toMatchObject({
    "exit-code": "23",
    outcome: "failed",
    stdout: ["größer\t日本語 🚀\r", ...lines.slice(1, -1)].join("\n"),
  });
  expect(result.conclusion).toBe("failure");
  expect(result.annotations).toEqual([
    expect.objectContaining({
      title: "fargate-exec: failed",
      message: expect.stringContaining("The script failed. Exit code 23.") as string,
    }),
  ]);
  expect(result.post).toMatchObject({ conclusion: "success", annotations: [] });
}

const proxied = (): Record<string, string> => ({ HTTP_PROXY: proxy.url(), HTTPS_PROXY: proxy.url() });

it("an encrypted session gives what a plain one gives, through a CONNECT proxy with authorization, at a gateway that accepts only signed requests, over cuts", async () => {
  const { local, made } = aws.world;
  await local.inject({
    gateway: { requireSignature: true },
    link: { sessions: 1, cut: { afterFrames: 30, times: 3 } },
  });
  expectSame(await run(made.kmsCluster, proxied()));
  expect(aws.calls("GenerateDataKey", made.kmsKeyId)).toHaveLength(1);
  expect(local.gateway.sessions.at(-1)).toMatchObject({ connections: 4, cuts: 3 });
  expect(proxy.tunnels).toContain(new URL(local.url).host);
  expect(proxy.seen.filter(({ outcome }) => outcome === "refused")).toEqual([]);
});

itInSoak("a forward obeys the cluster's key, in each of its sessions", async () => {
  const { local, made } = aws.world;
  const far = createServer((socket) => void socket.on("error", () => undefined).pipe(socket));
  await once(far.listen(0, "127.0.0.1"), "listening");
  const task = await aws.runningTask(undefined, made.kmsCluster);
  const before = aws.calls("GenerateDataKey", made.kmsKeyId).length;
  const { port: farPort } = far.address() as AddressInfo;
  const inputs = { cluster: made.kmsCluster, task: task.id, forwards: `:127.0.0.1:${farPort}` };
  const { exitCode, post } = await aws.step(inputs, {
    env: { RUNNER_TRACKING_ID: "encrypted" },
    beforePost: async ({ port }) => {
      const socket = connect(Number(port), "127.0.0.1");
      const echoed = async (word: string): Promise<string> => {
        socket.write(word);
        return String((await once(socket, "data"))[0]);
      };
      expect(await echoed("before a cut")).toBe("before a cut");
      const session = local.gateway.sessions.findLast(({ target }) => target.includes(task.id));
      await local.inject({ session: { do: "close", session: session?.sessionId ?? "" } });
      expect(await echoed("behind it")).toBe("behind it");
      socket.destroy();
    },
  });
  far.close();
  expect([exitCode, post?.annotations]).toEqual([0, []]);
  expect(post?.log.join("\n")).toContain("over 1 cut.");
  expect(aws.calls("GenerateDataKey", made.kmsKeyId)).toHaveLength(before + 2);
});

const denials = [
  ["the runner", "kms:GenerateDataKey"],
  ["the task", "kms:Decrypt"],
] as const;

itInSoak(
  "when the runner or the task has no right to the key, the step fails at its first session and leaves nothing behind",
  async () => {
    const { local, made } = aws.world;
    const task = await aws.runningTask(undefined, made.kmsCluster);
    const before = processes(task);
    for (const [sessions, [who, action]] of denials.entries()) {
      const denied =
        "User: arn:aws:sts::123456789012:assumed-role/example-ci/run is not authorized to perform: " +
        `kms:GenerateDataKey on resource: ${made.kmsKeyId} because no identity-based policy allows the kms:GenerateDataKey action`;
      if (who === "the task") await local.inject({ decrypt: "denied" });
      else
        local.fail({
          operation: "GenerateDataKey",
          code: "AccessDeniedException",
          message: denied,
          times: 9,
        });
      const result = await aws.step({ cluster: made.kmsCluster, task: task.id, run: "echo not reached" });

      expect(result.outputs).toMatchObject({ "exit-code": "", outcome: "not-started", stdout: "" });
      expect(result.annotations).toHaveLength(1);
      expect(result.annotations[0]?.message).toContain(action);
      expect(result.annotations[0]?.message).toContain(made.kmsKeyId);
      expect(result.annotations[0]?.title).toBe(
        who === "the task" ? "fargate-exec: session-refused" : "fargate-exec: access-denied",
      );
      // There was one session, and it is over, so the container takes the next one.
      expect(aws.calls("ExecuteCommand", task.arn)).toHaveLength(sessions + 1);
      await eventually(() => local.gateway.sessions.at(-1)?.ended, true);
      expect(processes(task)).toEqual(before);
      expect(jobDirectories(task)).toEqual([]);
      local.calm();
    }
    const next = await aws.step({ cluster: made.kmsCluster, task: task.id, run: "echo reached" });
    expect(next.outputs).toMatchObject({ "exit-code": "0", stdout: "reached" });
  },
);
