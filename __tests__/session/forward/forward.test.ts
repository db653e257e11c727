import { spawnSync } from "node:child_process";
import { connect } from "node:net";
import { systemClock } from "../../../src/clock.ts";
import { carryForwards } from "../../../src/session/forward/forward.ts";
import { systemPorts } from "../../../src/session/forward/system-ports.ts";
import { aborted } from "../../../src/waiting.ts";
import { Listener } from "../../helpers/listener.ts";
import { isShown } from "../../helpers/shown-sockets.ts";
import { until } from "../../helpers/until.ts";
import { type Forward, parseForward } from "../../../src/inputs/forwards.ts";
import { FrameKind } from "../../../src/session/forward/streams.ts";
import { Forged } from "./forged.ts";
import { TerminalSession } from "./terminal-session.ts";

it("a forward without an end ends at its timeout, by that name", async () => {
  const log = new Listener();
  const carried = carryForwards({
    forwards: [],
    open: () => Promise.resolve({ session: new TerminalSession(1), isElsewhere: false }),
    isLogged: () => false,
    ...{ seconds: 0.1, clock: systemClock, log, ports: systemPorts },
    cancel: new AbortController().signal,
    during: async (_, over) => {
      await aborted(over);
      return 0;
    },
  });
  await expect(carried).rejects.toMatchObject({
    code: "timed-out",
    failed: "The forward has ended at its 'timeout'.",
    seen: "It was up for 0.1 s.",
  });
  // Its relay has outlived it.
  expect(log.lines).toEqual([]);
});

/** Carries these forwards to far ends that are reached at once. */
async function carry(
  texts: readonly string[],
  during: (ports: readonly number[], log: Listener) => Promise<number>,
  onFrame: (kind: number) => void = () => undefined,
) {
  const log = new Listener();
  const session = new Forged();
  session.onFrame = (kind, of) => {
    if (kind === FrameKind.open) session.frame(FrameKind.opened, of);
    onFrame(kind);
    if (kind === FrameKind.bye) void session.close();
  };
  await carryForwards({
    forwards: texts.map((text) => parseForward(text) as Forward),
    open: () => Promise.resolve({ session, isElsewhere: false }),
    isLogged: () => false,
    ...{ seconds: 60, clock: systemClock, log, ports: systemPorts },
    cancel: new AbortController().signal,
    during: (ports) => during(ports, log),
  });
  return log;
}

it("a forward says what each port leads to, outside of any phase, before it is used", async () => {
  let opened: readonly number[] = [];
  await carry([":db:5432", ":5433"], (ports, log) => {
    opened = ports;
    expect(log.phases).toEqual([undefined]);
    expect(log.lines).toEqual([
      `127.0.0.1:${ports[0]} leads to db:5432.`,
      `127.0.0.1:${ports[1]} leads to port 5433 of the task.`,
    ]);
    return Promise.resolve(0);
  });
  expect(opened).toHaveLength(2);
});

it("connections that their programs closed too soon to be seen are refused with one warning, and counted", async () => {
  const seen = { isShown: true };
  const log = await carry([":db:5432"], async (ports, told) => {
    seen.isShown = isShown(ports[0] ?? 0);
    const closes = `import socket\nfor _ in range(3):\n  s = socket.create_connection(("127.0.0.1", ${ports[0]}))\n  s.close()`;
    // This process takes no connection before the program has ended.
    expect(spawnSync("python3", ["-Ic", closes]).status).toBe(0);
    await told.until(
      seen.isShown ? /had closed it before the system could show whose it is/ : /does not show/,
    );
    return 0;
  });
  expect(log.lines.filter((line) => line.includes("was refused: its program had closed it"))).toHaveLength(
    seen.isShown ? 1 : 0,
  );
  if (seen.isShown)
    expect(log.lines.at(-1)).toMatch(
      /over 0 cuts\. Refused, because their programs had closed them before it was seen whose they are: [1-3]\.$/,
    );
});

it("a program that breaks its connection off does so at the far end, too, and the forward goes on", async () => {
  const frames: number[] = [];
  const log = await carry(
    [":db:5432"],
    async ([port = 0]) => {
      for (let turn = 0; turn < 2; turn += 1) {
        frames.length = 0;
        const socket = connect(port, "127.0.0.1");
        await until(() => frames.includes(FrameKind.open));
        socket.resetAndDestroy();
        await until(() => frames.includes(FrameKind.reset));
      }
      return 0;
    },
    (kind) => frames.push(kind),
  );
  expect(log.lines.at(-1)).toMatch(/2 connections/);
});

it("more connections than a forward takes are refused with one warning, and counted", async () => {
  const log = await carry([":db:5432"], async ([port = 0], told) => {
    const sockets = Array.from({ length: 258 }, () =>
      connect(port, "127.0.0.1").on("error", () => undefined),
    );
    await Promise.any(sockets.map((socket) => new Promise((resolve) => socket.on("close", resolve))));
    await told.until(/A connection was refused, because 256 are open/);
    for (const socket of sockets) socket.destroy();
    return 0;
  });
  expect(log.lines.filter((line) => line.includes("because 256 are open"))).toHaveLength(1);
  expect(log.lines.at(-1)).toMatch(/Refused, because 256 were open: [12]\.$/);
});
