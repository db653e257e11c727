import { setTimeout as sleep } from "node:timers/promises";
import { quietTime } from "../../helpers/quiet-time.ts";
import { type Client, onRig, type Rig } from "./rig.ts";

const job = "sh -c 'echo up; read -r line'";
const up = "up\r\n";

describe("sessions beyond the limit", () => {
  /** Starts a job. `ample` is twice the milliseconds until it began: a job that need not wait has begun by then. */
  async function begin(rig: Rig): Promise<{ readonly client: Client; readonly ample: number }> {
    const began = Date.now();
    const client = await rig.exec(job);
    await client.until(() => client.output === up);
    return { client, ample: 2 * (Date.now() - began) };
  }

  it.concurrent("wait for a free seat when there is one such session", () =>
    onRig(
      async (rig) => {
        const { client: first, ample } = await begin(rig);
        const second = await rig.exec(job);
        await sleep(ample);
        expect(second.frames).toEqual([]);
        first.send("\n");
        await second.until(() => second.output === up);
      },
      {},
      { sessionLimit: 1 },
    ),
  );

  it.concurrent("are tried again when there are two", () =>
    onRig(
      async (rig) => {
        const [first, second] = [await rig.exec(job), await rig.exec(job)];
        await first.until(() => first.output === up);
        const third = await rig.exec(job);
        first.send("\n");
        await second.until(() => second.output === up);
        expect(third.frames).toEqual([]);
        second.send("\n");
        await third.until(() => third.output === up);
      },
      {},
      { sessionLimit: 1 },
    ),
  );

  it.concurrent("block the container for good when there is no seat within 4 seconds", () =>
    onRig(
      async (rig) => {
        const { client: first, ample } = await begin(rig);
        const held = [first, await rig.exec(job)];
        const queued = await rig.exec(job);
        const [tried, triedQuietly] = [Date.now(), quietTime()];
        const fourth = await rig.exec(job);
        await fourth.until(() => rig.log.some((line) => line.includes("takes no session any more")));
        // Four pauses of a second, each of which a timer may end a millisecond early; a fifth one would make it 5 seconds.
        expect(Date.now() - tried).toBeGreaterThanOrEqual(3_996);
        expect(quietTime() - triedQuietly).toBeLessThan(4_900);
        for (const client of held) client.send("\n");
        await Promise.all(held.map((client) => client.closed));
        await queued.until(() => queued.output === up);
        const later = await rig.exec(job);
        queued.send("\n");
        await queued.closed;
        await sleep(ample);
        expect([...fourth.frames, ...later.frames]).toEqual([]);
      },
      {},
      { sessionLimit: 2 },
    ),
  );
});
