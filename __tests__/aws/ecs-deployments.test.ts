import { ecsCalls } from "../../src/aws/ecs-calls.ts";
import { findDeploymentArn, lookAtHook } from "../../src/targets/deployment/wait-for-hook.ts";
import { endpoint, type Endpoint, type ReceivedRequest } from "../helpers/aws-endpoint.ts";
import { Listener } from "../helpers/listener.ts";
import { SleeplessClock } from "../helpers/stepped-clock.ts";

const SERVICE = { cluster: "ci", id: "shop" };
const ARN = "arn:aws:ecs:eu-central-1:123456789012";
const at = (number: number): string => `${ARN}:service-deployment/ci/shop/d${number}`;

interface Listing {
  readonly status?: readonly string[];
  readonly maxResults?: number;
  readonly nextToken?: string;
}

let open: Endpoint | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

/**
 * ECS with deployments d1, d2 and so on, each with its status; a later one is newer. An answer has 20 or `maxResults` of them, and they come in
 * no order (API reference: ListServiceDeployments).
 */
async function ecsWith(statuses: readonly string[]) {
  const all = statuses.map((status, index) => ({
    serviceDeploymentArn: at(index + 1),
    status,
    createdAt: index + 1,
  }));
  const shuffled = all.toSorted((a, b) => ((a.createdAt * 7) % 31) - ((b.createdAt * 7) % 31));
  open = await endpoint(({ operation, body }: ReceivedRequest) => {
    if (operation === "DescribeServiceDeployments") {
      const [arn] = (JSON.parse(body) as { serviceDeploymentArns: string[] }).serviceDeploymentArns;
      const found = all.find(({ serviceDeploymentArn }) => serviceDeploymentArn === arn);
      const hooks = { deploymentConfiguration: { lifecycleHooks: [{ targetType: "PAUSE" }] } };
      return { body: { serviceDeployments: [{ ...found, ...hooks, serviceArn: `${ARN}:service/ci/shop` }] } };
    }
    const { status, maxResults = 20, nextToken = "0" } = JSON.parse(body) as Listing;
    const wanted = shuffled.filter((one) => status?.includes(one.status) ?? true);
    const end = Number(nextToken) + maxResults;
    const more = wanted.length > end ? { nextToken: String(end) } : {};
    return { body: { serviceDeployments: wanted.slice(Number(nextToken), end), ...more } };
  });
  return ecsCalls(open.clients);
}

function contextOf(ecs: Awaited<ReturnType<typeof ecsWith>>) {
  return { ecs, clock: new SleeplessClock(), log: new Listener(), cancel: new AbortController().signal };
}

const OVER = (count: number): string[] => Array.from({ length: count }, () => "SUCCESSFUL");

it("of a hundred and fifty deployments the one under way is found by one call", async () => {
  const ecs = await ecsWith([...OVER(149), "IN_PROGRESS"]);
  expect(await findDeploymentArn(true, SERVICE, contextOf(ecs))).toBe(at(150));
  expect(open?.received).toHaveLength(1);
});

it("when none is under way, the newest of all pages is named", async () => {
  const ecs = await ecsWith([...OVER(149), "ROLLBACK_SUCCESSFUL"]);
  await expect(findDeploymentArn(true, SERVICE, contextOf(ecs))).rejects.toMatchObject({
    code: "deployment-not-found",
    seen: `Its newest one, '${at(150)}', is ROLLBACK_SUCCESSFUL.`,
  });
});

it("a deployment that another one has replaced is told by that one, however many there are", async () => {
  const ecs = await ecsWith([...OVER(40), "STOPPED", ...OVER(109)]);
  await expect(lookAtHook(at(41), SERVICE, { ecs })).rejects.toMatchObject({
    code: "deployment-replaced",
    seen: expect.stringContaining(`'${at(150)}'`) as string,
  });
});
