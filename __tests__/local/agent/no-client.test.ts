import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { processesBeside } from "../../../local/task/processes.ts";
import { until } from "../../helpers/until.ts";
import { onRig, type Rig } from "./rig.ts";

describe("a session without a client", () => {
  const runs = (rig: Rig, command: string): boolean =>
    processesBeside(rig.container.handle.pid).some((process) => process.command.includes(command));

  it.concurrent("runs its command at once, and to its end when it prints little", () =>
    onRig(
      async (rig) => {
        const ticket = rig.start("sh -c 'echo little; until [ -e /var/lib/go ]; do sleep 0.1; done'");
        await until(() => runs(rig, "little"));
        rig.container.touch("/var/lib/go");
        await until(() => !runs(rig, "little"));
        await until(() => processesBeside(rig.container.handle.pid).length === 1);
        const client = await rig.connect(ticket);
        expect(await client.closed).toBe("");
        expect(client.output).toBe("");
      },
      { lateClient: "told" },
    ),
  );

  // Alone, since a pause that comes late lets all of the output through.
  it("blocks its command once the terminal is full, and a late client gets all output", () =>
    onRig(async (rig) => {
      // The first line is sent; then the gateway pauses the agent, which keeps the rest.
      const ticket = rig.start("sh -c 'echo begun; sleep 2; exec seq 1 12000'");
      const isWriting = (): boolean =>
        processesBeside(rig.container.handle.pid).some(({ command }) => command === "seq 1 12000");
      await until(isWriting);
      await sleep(1000);
      expect(isWriting()).toBe(true);
      const client = await rig.connect(ticket);
      expect(await client.closed).toBe("");
      const numbers = Array.from({ length: 12_000 }, (_, index) => `${index + 1}\r\n`).join("");
      expect(client.output).toBe(`begun\r\n${numbers}`);
    }));

  it.concurrent(
    "runs to its end when the gateway does not pause it, and repeats unacknowledged output for the client",
    () =>
      onRig(
        async (rig) => {
          const ticket = rig.start(
            "sh -c 'seq 1 2000; echo >/var/lib/through; until [ -e /var/lib/go ]; do sleep 0.1; done'",
          );
          await until(() => existsSync(`/proc/${rig.container.handle.pid}/root/var/lib/through`));
          const client = await rig.connect(ticket);
          rig.container.touch("/var/lib/go");
          await client.closed;
          // At most ten lost messages were sent again before the end came.
          expect(client.output.startsWith("1\r\n2\r\n")).toBe(true);
        },
        { pauseAfter: undefined },
      ),
  );
});
