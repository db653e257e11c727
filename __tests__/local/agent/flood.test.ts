import { noFaults } from "../../../local/agent/agent.ts";
import { MessageType } from "../../../src/session/wire/message.ts";
import { onRig } from "./rig.ts";

it("a flood repeats its texts in messages of 32 KiB, with the nonce that the client typed", () =>
  onRig(
    async (rig) => {
      const client = await rig.exec("echo never");
      await client.until(() => client.output === "ready;");
      client.send("secret and more\n");
      const flooded = `ready;secret;${"x".repeat(64 * 1024)}`;
      await client.until(() => client.output.length >= flooded.length);
      expect(client.output).toBe(flooded);
      // A message may have come twice.
      const sizes = new Map(
        client
          .of(MessageType.output)
          .map(({ message }) => [message.sequenceNumber, message.payload.length] as const),
      );
      expect([...sizes.values()].slice(0, 5)).toEqual([6, 7, 32_768, 32_768]);
    },
    {},
    {
      faults: {
        ...noFaults(),
        flood: {
          opening: "ready;",
          parts: [
            { text: "NONCE;", bytes: 1 },
            { text: "x", bytes: 64 * 1024 },
          ],
        },
      },
    },
  ));
