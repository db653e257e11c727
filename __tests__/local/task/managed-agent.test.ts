import type { ContainerHandle } from "../../../local/agent/container-handle.ts";
import type { Delays } from "../../../local/settings.ts";
import { type Agent, type AgentMaker, ManagedAgent } from "../../../local/task/managed-agent.ts";
import { until } from "../../helpers/until.ts";

const LATER_MS = 60_000;
const handle = {} as unknown as ContainerHandle;
const maker: AgentMaker = {
  mayConnect: () => Promise.resolve(true),
  make: () => ({ stop: () => Promise.resolve() }) as unknown as Agent,
};
const delays = (connect: number): Delays => ({ agent: 0, connect }) as unknown as Delays;

it("an agent takes no session yet when DescribeTasks shows it as RUNNING", async () => {
  const agent = new ManagedAgent();
  const started = agent.start(handle, delays(LATER_MS), maker);
  await until(() => agent.lastStatus === "RUNNING");
  expect(agent.connected).toBeUndefined();
  await agent.stop();
  await started;
});

it.each([true, false])(
  "an agent that has died takes none, and DescribeTasks shows that: %s",
  async (noticed) => {
    const agent = new ManagedAgent();
    await agent.start(handle, delays(0), maker);
    expect(agent.connected).toBeDefined();
    await agent.die({ noticed, reason: "killed" });
    expect([agent.connected, agent.lastStatus, agent.reason]).toEqual([
      undefined,
      ...(noticed ? ["STOPPED", "killed"] : ["RUNNING", undefined]),
    ]);
  },
);
