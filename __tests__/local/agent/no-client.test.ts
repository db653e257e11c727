import { setTimeout as sleep } from "node:timers/promises";
import { processesBeside } from "../../../local/task/processes.ts";
import { until } from "../../helpers/until.ts";
import { Rig } from "./rig.ts";

describe("a session without a client", () => {
  let rig: Rig;
  const runs = (command: string): boolean =>
    processesBeside(rig.container.handle.pid).some((process) => process.command.includes(command));

  afterEach(() => rig.stop());

  it("runs its command at once, and to its end when it prints little", async () => {
    rig = await Rig.start({ lateClient: "told" });
    const ticket = rig.start("sh -c 'echo little; sleep 0.5'");
    await until(() => runs("little"));
    await until(() => !runs("little"));
    await until(() => processesBeside(rig.container.handle.pid).length === 1);
    const client = await rig.connect(ticket);
    expect(await client.closed).toBe("");
    expect(client.output).toBe("");
  }, 10_000);

  it("blocks its command once the terminal is full, and a late client gets all output", async () => {
    rig = await Rig.start();
    const ticket = rig.start("sh -c 'seq 1 30000'");
    await sleep(3000);
    expect(runs("seq")).toBe(true);
    const client = await rig.connect(ticket);
    expect(await client.closed).toBe("");
    expect(client.output).toBe(Array.from({ length: 30_000 }, (_, index) => `${index + 1}\r\n`).join(""));
  }, 10_000);

  it("runs to its end when the gateway does not pause it, and repeats unacknowledged output for the client", async () => {
    rig = await Rig.start({ pauseAfter: undefined });
    const ticket = rig.start("sh -c 'seq 1 2000; sleep 3'");
    await sleep(1500);
    const client = await rig.connect(ticket);
    await client.closed;
    // At most ten lost messages were sent again before the end came.
    expect(client.output.startsWith("1\r\n2\r\n")).toBe(true);
  }, 10_000);
});
