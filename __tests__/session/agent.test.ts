import { Rig } from "../local/agent/rig.ts";
import { Lines, later, optionsFor, readAll, stopAll } from "./rig.ts";
import { openSession } from "../../src/session/session.ts";

afterEach(stopAll);

const CUTS = 12;
const COMMAND = `sh -c 'read line; echo "got $line"; for i in $(seq 1 60); do seq $((i*100)) $((i*100+60)); sleep 0.05; done; sleep 4'`;
const SHOWN = [
  "typed", // the terminal's echo
  "got typed",
  ...Array.from({ length: 60 }, (_none, i) =>
    Array.from({ length: 61 }, (_each, j) => (i + 1) * 100 + j),
  ).flat(),
];

describe("a session with the local agent that is cut again and again", () => {
  it.each([
    ["lets the old token in", true],
    ["takes each token once, so that ResumeSession is asked", false],
  ])("shows all output once and types all input once, when the gateway %s", async (_name, reuseTokens) => {
    const rig = await Rig.start({ reuseTokens });
    later(() => rig.stop());
    const { sessionId, streamUrl, tokenValue } = rig.start(COMMAND);
    const log = new Lines();
    const session = await openSession({
      ...optionsFor({ url: streamUrl }),
      ...{ sessionId, token: tokenValue, log },
      resume: () => {
        const token = rig.gateway.resumeSession(sessionId);
        return Promise.resolve(token === undefined ? undefined : { sessionId, streamUrl, token });
      },
    });
    later(() => session.close());
    const reading = readAll(session);
    const typing = session.send(Buffer.from("typed\n"));
    for (let cuts = 0; cuts < CUTS; cuts++) {
      log.lines.length = 0;
      rig.gateway.cut(sessionId);
      await log.until(/connected again/);
    }
    await typing;
    expect(await reading).toBe(SHOWN.map((line) => `${line}\r\n`).join(""));
    expect(await session.ended).toEqual({ kind: "closed", text: "" });
  });
});
