import { openSession } from "../../src/session/session.ts";
import { onRig } from "../local/agent/rig.ts";
import { Listener } from "../helpers/listener.ts";
import { AWS, optionsFor } from "../helpers/session-rig.ts";

const CUTS = 8;
/** Ends only after its second input, since the agent forgets what is not acknowledged 2 s after the end. */
const COMMAND =
  `sh -c 'stty -echo; echo ready; read first; echo "got $first"; ` +
  `for i in $(seq 60); do seq $((i*100)) $((i*100+60)); sleep 0.02; done; read last; echo "got $last"'`;
const lines = (texts: readonly unknown[]): string => texts.map((text) => `${String(text)}\r\n`).join("");
const NUMBERS = Array.from({ length: 60 }, (_none, i) =>
  Array.from({ length: 61 }, (_each, j) => (i + 1) * 100 + j),
).flat();

describe("a session with the local agent that is cut again and again", () => {
  it.concurrent.each([
    ["takes each token once", { reuseTokens: false }],
    ["gives no new token", { resume: "unknown" }],
    ["lets nothing through on a URL that was used before", { usedUrl: "deaf" }],
  ] as const)("shows all output once and types all input once, when the gateway %s", (_name, ways) =>
    onRig(async (rig) => {
      const { sessionId, streamUrl, tokenValue } = rig.start(COMMAND);
      const log = new Listener();
      const session = await openSession({
        ...optionsFor({ url: streamUrl }),
        aws: { ...AWS, gatewayEndpoints: () => [rig.endpoint] },
        ...{ sessionId, token: tokenValue, log },
        resume: () => {
          const ticket = rig.gateway.resumeSession(sessionId);
          return Promise.resolve(ticket && { ...ticket, token: ticket.tokenValue });
        },
      });

      let shown = "";
      const before = lines(["ready", "got one", ...NUMBERS]);
      const reading = (async () => {
        let isAnswered = false;
        for await (const bytes of session.output) {
          shown += Buffer.from(bytes).toString();
          if (!isAnswered && shown.length >= before.length) {
            isAnswered = true;
            await session.send(Buffer.from("two\n"));
          }
        }
      })();
      await session.send(Buffer.from("one\n"));
      for (let cuts = 0; cuts < CUTS; cuts++) {
        log.lines.length = 0;
        rig.gateway.cut(sessionId);
        await log.until(/connected again/);
      }
      await reading;
      expect(shown).toBe(`${before}${lines(["got two"])}`);
      expect(await session.ended).toEqual({ kind: "closed", text: undefined });
      await session.close();
    }, ways),
  );
});
