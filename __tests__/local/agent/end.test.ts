import { processesBeside } from "../../../local/task/processes.ts";
import { MessageType } from "../../../src/session/wire/message.ts";
import { until } from "../../helpers/until.ts";
import { onRig, Rig, TestContainer } from "./rig.ts";

const processes = (rig: Rig): string[] =>
  processesBeside(rig.container.handle.pid).map(({ command }) => command);

describe("the end of a session", () => {
  const closing = { closeOn: "task-complete" } as const;

  it.concurrent("does not wait for a process that has closed the terminal", () =>
    onRig(async (rig) => {
      const client = await rig.exec(
        "sh -c 'setsid sleep 31 </dev/null >/dev/null 2>&1 & sleep 0.2; echo done'",
      );
      await client.closed;
      expect(client.output).toBe("done\r\n");
      // The shell's child may not be the sleep yet.
      await until(() => processes(rig).includes("sleep 31"));
    }, closing),
  );

  it.concurrent("comes when the last process closes the terminal", () =>
    onRig(async (rig) => {
      const client = await rig.exec("sh -c 'setsid sh -c \"sleep 2; echo last\" & sleep 0.2; echo done'");
      await client.closed;
      expect(client.output).toBe("done\r\nlast\r\n");
    }, closing),
  );

  it.concurrent("kills the main process alone when the session is terminated", () =>
    onRig(async (rig) => {
      const ticket = rig.start("sh -c 'setsid sleep 32 & sleep 33 & echo up; wait; echo never'");
      const client = await rig.connect(ticket);
      await client.until(() => client.output === "up\r\n");
      rig.gateway.terminateSession(ticket.sessionId);
      expect(await client.closed).toBe("");
      await client.until(() => !processes(rig).includes("sleep 33"));
      expect(processes(rig)).toContain("sleep 32");
      expect(processes(rig).filter((command) => command.startsWith("sh -c"))).toEqual([]);
    }, closing),
  );

  it.concurrent("leaves the seat to the next session when a waiting one is terminated", async () => {
    const rig = await Rig.start({}, { sessionLimit: 1 });
    try {
      const ticket = rig.start("sh -c 'echo up; read -r line'");
      const first = await rig.connect(ticket);
      await first.until(() => first.output === "up\r\n");
      rig.gateway.terminateSession(ticket.sessionId);
      const next = await rig.exec("echo next");
      await next.until(() => next.output === "next\r\n");
    } finally {
      // First, since the agent's stop waits for its processes, and the container's stop ends them all.
      await rig.container.stop();
      await rig.stop();
    }
  });

  it.concurrent("does not come when a client disconnects", () =>
    onRig(async (rig) => {
      const ticket = rig.start("sh -c 'sleep 1.5; echo still; sleep 0.5'");
      (await rig.connect(ticket)).socket.terminate();
      const client = await rig.connect(ticket);
      expect(await client.closed).toBe("");
      expect(client.output).toBe("still\r\n");
    }, closing),
  );
});

describe("a task that stops under its session", () => {
  it("sends the client no message, and leaves no process of the agent", async () => {
    const rig = await Rig.start({}, {}, TestContainer.start());
    const client = await rig.exec("sh -c 'echo up; sleep 60'");
    await client.until(() => client.output === "up\r\n");
    await rig.container.stop();
    await rig.agent.stop();
    expect(client.of(MessageType.channelClosed)).toEqual([]);
    expect(rig.log.join("\n")).toContain("the agent is gone");
    await rig.stop();
  });
});
