import {
  DescribeServicesCommand,
  ListServiceDeploymentsCommand,
  UpdateServiceCommand,
} from "@aws-sdk/client-ecs";
import { DescribeSessionsCommand } from "@aws-sdk/client-ssm";
import { fromWebToken } from "@aws-sdk/credential-provider-web-identity";
import { awsClients, type AwsClients } from "../src/aws/clients.ts";
import { roleCredentials } from "../src/aws/role.ts";
import { signUpgrade } from "../src/aws/sign-upgrade.ts";
import { systemClock } from "../src/clock.ts";
import { messageOf } from "../src/errors.ts";
import { getJson, requestIdToken } from "../src/doors/github/id-token.ts";
import { realWorld } from "../src/run/step/world.ts";
import { connect } from "../src/session/transport/socket.ts";
import { openWebSocket } from "../src/session/transport/web-socket.ts";
import { logOf, type Outputs, TaskSessions } from "./facts/task-sessions.ts";

/**
 * `STACK='{…}' node scripts/facts-on-aws.ts`: looks, in the account that `examples/setup` has set up, at what AWS's pages leave open, and
 * prints it as a table of Markdown. With the argument `deployment` it looks at what UpdateService does with the members that a call leaves
 * out, and gives the service its configuration back. STACK has the outputs of the set-up's stack, MINUTES how long one connection is watched
 * (65 unless given), SECONDS how long each of the sessions runs that meet (20). The role is assumed by the job's ID token.
 */
async function main([which]: readonly string[]): Promise<void> {
  const outputs = JSON.parse(process.env["STACK"] ?? "{}") as Outputs;
  const number = (name: string, otherwise: number): number => Number(process.env[name] ?? otherwise);
  const facts = await (which === "deployment"
    ? deploymentFacts(outputs)
    : containerFacts(outputs, { minutes: number("MINUTES", 65), seconds: number("SECONDS", 20) }));
  console.log(tableOf(facts));
}

/** A question that AWS's pages leave open, and what was seen. */
interface Fact {
  readonly question: string;
  readonly seen: string;
}

function tableOf(facts: readonly Fact[]): string {
  const cell = (text: string): string => text.replaceAll(/\s+/g, " ").replaceAll("|", "\\|");
  const rows = facts.map(({ question, seen }) => `| ${cell(question)} | ${cell(seen)} |`);
  return ["| Question | Seen |", "| --- | --- |", ...rows].join("\n");
}

/** An error is something that was seen, too. */
async function fact(question: string, look: () => Promise<string>): Promise<Fact> {
  return { question, seen: await look().catch((error: unknown) => `The call failed: ${messageOf(error)}`) };
}

const idToken = (audience: string): Promise<string> =>
  requestIdToken(audience, { env: process.env, clock: systemClock, getJson });

/** Clients with the role of the set-up, whose session is renewed. */
function clientsOf(outputs: Outputs): AwsClients {
  const region = outputs["Region"] ?? "";
  const role = { arn: outputs["RoleArn"] ?? "", sessionName: "fargate-exec-facts" };
  return awsClients({
    region,
    world: realWorld,
    credentials: roleCredentials({ ...role, region, idToken, clock: systemClock, log: logOf(console.error) }),
  });
}

interface ContainerLook {
  readonly minutes: number;
  readonly seconds: number;
}

/** The facts about sessions, connections and the exec agent, seen in a task that is stopped afterwards. */
async function containerFacts(
  outputs: Outputs,
  { minutes, seconds }: ContainerLook,
): Promise<readonly Fact[]> {
  const clients = clientsOf(outputs);
  const sessions = await TaskSessions.start(clients, outputs, minutes + 30);
  try {
    return [
      ...(await factsOfMeeting(sessions, seconds)),
      await fact("Build of the exec agent", () => sessions.output(AGENT_BUILD)),
      ...(await factsOfUpgrades(sessions, outputs)),
      await fact("Order of the answer of ListServiceDeployments", () => deploymentOrder(clients, outputs)),
      await fact(`Ends of one session's connections within ${minutes} minutes`, () =>
        connectionEnds(sessions, minutes),
      ),
    ];
  } finally {
    await sessions.stop();
    clients.destroy();
  }
}

/** The agent's programs print their version. AWS does not promise where Fargate mounts them. */
const AGENT_BUILD = [
  "cd /managed-agents/execute-command 2>/dev/null || { echo the directory of the agent is not there; exit; }",
  'for it in *agent*; do [ -x "$it" ] && ./"$it" -version 2>&1 | head -n 1; done',
  "ls -l --full-time | sed -n 2,4p",
].join("\n");

/** Opens three sessions at once. A fourth one would block the agent for good. */
async function factsOfMeeting(sessions: TaskSessions, seconds: number): Promise<readonly Fact[]> {
  const opened = await Promise.all(
    [1, 2, 3].map(() =>
      sessions.open(`echo "began $(date +%s)"; sleep ${seconds}; echo "ended $(date +%s)"`),
    ),
  );
  const texts = opened.map(async ({ output }) => {
    const chunks: Uint8Array[] = [];
    for await (const bytes of output) chunks.push(bytes);
    return Buffer.concat(chunks).toString("utf8");
  });
  const ids = opened.map(({ sessionId }) => sessionId);
  const facts = [
    await fact("DescribeSessions with the filter Target finds the sessions of the container", async () => {
      const found = await describeSessions(sessions, [{ key: "Target", value: sessions.target }]);
      const all = await describeSessions(sessions, []);
      const targets = all.filter(({ SessionId = "" }) => ids.includes(SessionId)).map(({ Target }) => Target);
      const isSame = targets.every((target) => target === sessions.target);
      const count = found.filter(({ SessionId = "" }) => ids.includes(SessionId)).length;
      return `${count} of 3 with the filter, ${targets.length} of 3 without it; their Target is ${isSame ? "" : "not "}ecs:<cluster>_<task>_<runtime id>`;
    }),
    await fact("DescribeSessions takes InvokedAfter with milliseconds", async () => {
      const value = new Date(Date.now() - 60_000).toISOString();
      return `${(await describeSessions(sessions, [{ key: "InvokedAfter", value }])).length} sessions found`;
    }),
  ];
  return [
    await fact("Sessions that one container runs at once", async () => {
      const times = (await Promise.all(texts)).map((text) =>
        [...text.matchAll(/(?:began|ended) (\d+)/g)].map(([, at]) => Number(at)),
      );
      const began = times.map(([at = Infinity]) => at);
      const firstEnd = Math.min(...times.map(([, at = Infinity]) => at));
      return `${began.filter((at) => at < firstEnd).length} of 3`;
    }),
    ...facts,
  ];
}

interface SessionFilter {
  readonly key: "Target" | "InvokedAfter";
  readonly value: string;
}

async function describeSessions({ clients }: TaskSessions, Filters: readonly SessionFilter[]) {
  const ssm = await clients.ssm();
  const { Sessions = [] } = await ssm.send(
    new DescribeSessionsCommand({ State: "Active", ...(Filters.length > 0 && { Filters: [...Filters] }) }),
  );
  return Sessions;
}

/** How the gateway answers upgrades with and without a signature. */
async function factsOfUpgrades(sessions: TaskSessions, outputs: Outputs): Promise<readonly Fact[]> {
  const region = outputs["Region"] ?? "";
  const withCredentials = (credentials: AwsClients["credentials"]) => async (url: string) =>
    await signUpgrade({ url, region, credentials, now: Date.now() });
  const withoutRight = fromWebToken({
    roleArn: outputs["RoleArn"] ?? "",
    webIdentityToken: await idToken("sts.amazonaws.com"),
    // A session policy can only take rights away.
    policy: JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Action: "*", Resource: "*" },
        { Effect: "Deny", Action: "ssmmessages:OpenDataChannel", Resource: "*" },
      ],
    }),
    clientConfig: { region },
  });
  return [
    await fact("Upgrade signed with ssmmessages:OpenDataChannel on session/ecs-execute-command-*", () =>
      upgrade(
        sessions,
        withCredentials(() => sessions.clients.credentials()),
      ),
    ),
    await fact("Upgrade signed without that right", () => upgrade(sessions, withCredentials(withoutRight))),
    await fact("Upgrade without a signature", () => upgrade(sessions, () => Promise.resolve({}))),
  ];
}

async function upgrade(
  sessions: TaskSessions,
  headersFor: (url: string) => Promise<Record<string, string>>,
): Promise<string> {
  const { sessionId, streamUrl } = await sessions.ticket("sleep 5");
  try {
    const socket = await connect({
      ...{ url: streamUrl, headers: await headersFor(streamUrl), agent: undefined, clock: systemClock },
      openSocket: openWebSocket,
      signal: AbortSignal.timeout(30_000),
      ...{ onFrame: () => undefined, onLost: () => undefined },
    });
    await socket.close();
    return "accepted";
  } catch (error) {
    return `refused: ${messageOf(error)}`;
  } finally {
    await sessions.terminate(sessionId);
  }
}

async function deploymentOrder(clients: AwsClients, outputs: Outputs): Promise<string> {
  const ecs = await clients.ecs();
  const { serviceDeployments = [] } = await ecs.send(
    new ListServiceDeploymentsCommand({ cluster: outputs["Cluster"], service: outputs["Service"] }),
  );
  const times = serviceDeployments.map(({ createdAt }) => createdAt?.getTime() ?? 0);
  const rising = times.every((at, i) => i === 0 || at >= (times[i - 1] ?? 0));
  const falling = times.every((at, i) => i === 0 || at <= (times[i - 1] ?? 0));
  if (times.length < 2) return `${times.length} deployment: no order can be seen`;
  const order = falling ? "the newest first" : rising ? "the oldest first" : "none";
  return `${order}, of ${times.length} deployments`;
}

/** A session that prints a line every ten seconds, so that it is never idle. */
async function connectionEnds(sessions: TaskSessions, minutes: number): Promise<string> {
  const began = Date.now();
  const after = (): string => `after ${((Date.now() - began) / 60_000).toFixed(1)} minutes`;
  const said: string[] = [];
  const until = Math.ceil(minutes * 60);
  const script = `end=$(($(date +%s) + ${until})); while [ "$(date +%s)" -lt $end ]; do echo tick; sleep 10; done; echo done`;
  const session = await sessions.open(script, (line) => said.push(`${after()}: ${line}`));
  let last = "";
  for await (const bytes of session.output) last = Buffer.from(bytes).toString("utf8").trim();
  const end = await session.ended;
  const how = last.endsWith("done") ? "the session's command ended by itself" : `the session was ${end.kind}`;
  return [...said, `${how} ${after()}`].join("; ");
}

/** What UpdateService does with a deployment configuration that names a pause hook only. */
async function deploymentFacts(outputs: Outputs): Promise<readonly Fact[]> {
  const clients = clientsOf(outputs);
  const ecs = await clients.ecs();
  const [cluster, service] = [outputs["Cluster"] ?? "", outputs["Service"] ?? ""];
  const configuration = async () =>
    (await ecs.send(new DescribeServicesCommand({ cluster, services: [service] }))).services?.[0]
      ?.deploymentConfiguration;
  const before = await configuration();
  const hook = {
    ...{ targetType: "PAUSE", lifecycleStages: ["POST_SCALE_UP"] },
    timeoutConfiguration: { timeoutInMinutes: 15, action: "ROLLBACK" },
  };
  try {
    return [
      await fact("UpdateService with lifecycleHooks alone: deploymentCircuitBreaker afterwards", async () => {
        const deploymentConfiguration = { lifecycleHooks: [hook] } as never;
        await ecs.send(new UpdateServiceCommand({ cluster, service, deploymentConfiguration }));
        const breakers = [before, await configuration()].map((one) => one?.deploymentCircuitBreaker);
        const [was, is] = breakers.map((breaker) => JSON.stringify(breaker ?? null));
        return was === is ? `kept: ${is}` : `reset: ${is}, was ${was}`;
      }),
    ];
  } finally {
    if (before !== undefined)
      await ecs.send(new UpdateServiceCommand({ cluster, service, deploymentConfiguration: before }));
    clients.destroy();
  }
}

if (process.argv[1] === import.meta.filename) await main(process.argv.slice(2));
