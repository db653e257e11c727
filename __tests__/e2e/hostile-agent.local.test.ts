import { CreateClusterCommand } from "@aws-sdk/client-ecs";
import { CreateAliasCommand, CreateKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import type { StepResult } from "../../local/runner/step.ts";
import type { Orders } from "../../local/orders.ts";
import { clientConfig } from "../local/with-local.ts";
import { everyNth, itInSoak } from "../helpers/every-nth.ts";
import { Aws, filesIn, mainLog } from "../helpers/local.ts";
import { eventually } from "../helpers/until.ts";

/** Another key of the account, which the roles may use, too. */
let anotherKey: string;
const ALIAS = "alias/exec-sessions";
const BY_ALIAS = "encrypted-by-alias";
let aws: Aws;

beforeAll(async () => {
  aws = await Aws.start();
  const { local, made, ecs } = aws.world;
  const kms = new KMSClient(clientConfig(local));
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
  anotherKey = KeyMetadata?.Arn ?? "";
  await kms.send(new CreateAliasCommand({ AliasName: ALIAS, TargetKeyId: made.kmsKeyId }));
  kms.destroy();
  const executeCommandConfiguration = { kmsKeyId: ALIAS, logging: "NONE" as const };
  const configuration = { executeCommandConfiguration };
  await ecs.send(new CreateClusterCommand({ clusterName: BY_ALIAS, configuration }));
});
afterEach(() => aws.world.local.calm());
afterAll(() => aws.stop());

async function run(cluster: string, orders: Orders = {}): Promise<StepResult> {
  const task = await aws.runningTask(undefined, cluster);
  await aws.world.local.inject(orders);
  return await aws.step(
    {
      cluster,
      task: task.id,
      run: 'touch /tmp/ran; echo "ran with $TOKEN"',
      secrets: "TOKEN=hunter22",
    },
    // Both roles may use any key, so only the action keeps a session from another key.
    { names: { "cluster-key": "*" } },
  );
}

const keysAsked = (): unknown[] =>
  aws.calls("GenerateDataKey").map(({ body }) => (body as { KeyId: string }).KeyId);

const dishonest: readonly (readonly [string, () => Orders["handshake"], RegExp])[] = [
  ["skips the handshake", () => "skipped", /sent output before the encryption handshake was over/],
  ["asks for another key", () => ({ key: anotherKey }), /is not known to be the cluster's/],
];
// The next test has an agent that asks for another key than the cluster's, too.
it.each(everyNth(dishonest, 2))(
  "an agent that %s on an encrypted cluster gets no input, and the session is ended",
  async (_does, handshake, words) => {
    const asked = keysAsked().length;
    const sessions = aws.world.local.gateway.sessions.length;
    const result = await run(aws.world.made.kmsCluster, { handshake: handshake() ?? "honest" });

    expect(result.outputs).toMatchObject({ outcome: "not-started", "exit-code": "", stdout: "" });
    expect(result.annotations).toEqual([
      {
        level: "error",
        title: "fargate-exec: encryption-mismatch",
        message: expect.stringMatching(words) as string,
      },
    ]);
    // One session, without a byte of input.
    const made = aws.world.local.gateway.sessions.slice(sessions);
    expect(made.map(({ typed }) => typed)).toEqual([0]);
    await eventually(() => aws.world.local.gateway.sessions.at(-1)?.ended, true);
    expect(keysAsked().slice(asked)).toEqual([]);
    expect(filesIn(aws.taskOf(result), "/tmp")).not.toContain("ran");
  },
);

itInSoak(
  "on a cluster that names an alias KMS is asked by that name, and its answer is compared",
  async () => {
    const asked = keysAsked().length;
    const good = await run(BY_ALIAS, { handshake: { key: aws.world.made.kmsKeyId } });
    expect(good.outputs).toMatchObject({ "exit-code": "0", stdout: "ran with ***" });

    const bad = await run(BY_ALIAS, { handshake: { key: anotherKey } });
    expect(bad.annotations).toEqual([
      {
        level: "error",
        title: "fargate-exec: encryption-mismatch",
        message: expect.stringMatching(/is not known to be the cluster's/) as string,
      },
    ]);
    expect(bad.outputs).toMatchObject({ outcome: "not-started", "exit-code": "", stdout: "" });
    expect(filesIn(aws.taskOf(bad), "/tmp")).not.toContain("ran");
    expect(aws.world.local.gateway.sessions.at(-1)).toMatchObject({ typed: 0 });
    expect(keysAsked().slice(asked)).toEqual([ALIAS, ALIAS]);
  },
);

itInSoak("without the right to describe the cluster the step follows the agent's handshake", async () => {
  const message =
    "User: arn:aws:sts::123456789012:assumed-role/example-ci/run is not authorized to perform: ecs:DescribeClusters on resource: demo";
  aws.world.local.fail({
    operation: "DescribeClusters",
    code: "AccessDeniedException",
    message,
    status: 400,
    times: 9,
  });
  const result = await run(aws.world.made.kmsCluster);
  expect(result.outputs).toMatchObject({ "exit-code": "0", stdout: "ran with ***" });
  expect(mainLog(result).filter((line) => line.includes("ecs:DescribeClusters"))).toHaveLength(1);
});

itInSoak("on a cluster without a key KMS is not called, whatever an agent requests", async () => {
  const asked = keysAsked().length;
  const result = await run(aws.world.made.cluster, { handshake: { key: anotherKey } });
  expect(result.annotations[0]?.message).toContain("the cluster has no kmsKeyId");
  expect(keysAsked().slice(asked)).toEqual([]);
});
