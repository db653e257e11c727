import type { LinkFaults } from "../../../local/gateway/link-faults.ts";
import { onRig } from "./rig.ts";

/** Makes eleven messages of one line each, since the agent reads for the first time after a second. */
const COMMAND = "sh -c 'sleep 1.2; for i in 0 1 2 3 4 5 6 7 8 9; do echo $i; sleep 0.02; done; echo end'";
const OUTPUT = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, "end"].map((line) => `${line}\r\n`).join("");

it.concurrent.each<[string, LinkFaults]>([
  ["loses every third", { toClient: { lose: 3 } }],
  ["loses a third of them at random", { toClient: { lose: 0.33 }, seed: 3 }],
  ["doubles all and swaps every second", { toClient: { duplicate: 1, swap: 2 } }],
  ["loses every second acknowledgement", { toAgent: { loseAcknowledgements: 2 } }],
  ["is slow", { toClient: { delay: [50, 150] }, toAgent: { delay: 50 } }],
])("all output arrives over a link that %s", (_name, faults) =>
  onRig(async (rig) => {
    rig.gateway.disturb(faults);
    const client = await rig.exec(COMMAND);
    expect(await client.closed).toBe("");
    expect(client.output).toBe(OUTPUT);
  }),
);

it.concurrent("all output reaches a client that connects again with its token after each cut", () =>
  onRig(async (rig) => {
    rig.gateway.disturb({ cut: { afterFrames: [1, 4], times: 5 } });
    // It ends only after the last cut: the agent gives up what a client has not received two seconds after the end.
    const ticket = rig.start(
      "sh -c 'i=0; until [ -e /var/lib/all-cut ]; do echo $i; i=$((i+1)); sleep 0.05; done; echo end'",
    );
    const view = () => rig.gateway.sessions.find(({ sessionId }) => sessionId === ticket.sessionId);
    const lines = new Map<number, string>();
    let over: string | undefined;
    while (over === undefined) {
      const client = await rig.connect(ticket);
      if (view()?.cuts === 5) rig.container.touch("/var/lib/all-cut");
      const gone = new Promise<void>((resolve) => client.socket.once("close", () => resolve()));
      over = await Promise.race([client.closed, gone.then(() => undefined)]);
      for (const { message } of client.of("output_stream_data"))
        lines.set(message.sequenceNumber, Buffer.from(message.payload).toString());
    }
    const ordered = [...lines].sort(([a], [b]) => a - b).map(([, text]) => text);
    const printed = ordered.join("").split("\r\n");
    const counted = printed.slice(0, -2);
    expect(counted.length).toBeGreaterThan(5);
    expect(printed).toEqual([...counted.map((_, at) => String(at)), "end", ""]);
    expect(view()).toMatchObject({ cuts: 5, connections: 6 });
  }),
);
