import { hash } from "node:crypto";
import { inflateSync } from "node:zlib";
import type { StartedCommand } from "../../world/agent.ts";
import type { Container } from "../container.ts";
import { Relay, type RelayOrder } from "./relay.ts";

/** The session ends when nothing is typed for so long. */
const TYPED_MS = 40_000;

/** What the runner types behind the program. The first session of a forward may start the relay. */
type Asked = Pick<RelayOrder, "id"> & Partial<RelayOrder>;

/** The command of a forward's session: it hands its terminal to the relay of the forward, and waits. */
export async function runForward(
  container: Container,
  { host, terminal, owner }: StartedCommand,
  wanted: string,
): Promise<void> {
  const { base, options } = container;
  const say = (word: string): Promise<void> => terminal.write(host, `\x1b]7733;${word}\x07\n`);
  await base.time.sleep(host, 2 * options.pace);
  if (options.python === false) {
    await terminal.write(host, "\x1b]7733;python\x07\r\n");
    return;
  }
  const stop = base.time.after(host, TYPED_MS, () => container.endSession(host));
  await base.time.sleep(host, options.pace);
  terminal.makeRaw();
  await say("ready");
  const program = inflateSync(Buffer.from(await terminal.readLine(host), "base64"));
  if (hash("sha256", program, "hex") !== wanted) return;
  const asked = JSON.parse(Buffer.from(await terminal.readLine(host), "base64").toString()) as Asked;
  stop();
  await base.time.sleep(host, options.pace);
  const relay = relayOf(container, owner, asked);
  if (typeof relay === "string") await say(relay);
  else if ((await relay.attach(terminal, host)) === "lost") container.endSession(host);
}

/** The relay of this forward, which may be started now. Else why there is none. */
function relayOf(container: Container, owner: string, asked: Asked): Relay | "busy" | "gone" {
  const alive = container.relays.filter(({ isAlive }) => isAlive);
  const own = alive.find(({ id }) => id === asked.id);
  if (own !== undefined) return own;
  if (!isStart(asked)) return "gone";
  // A relay that others may run beside neither keeps one out nor is kept out.
  if (asked.shared !== true && alive.some(({ isShared }) => !isShared)) return "busy";
  const relay = new Relay(container, owner, asked);
  container.relays.push(relay);
  return relay;
}

function isStart(asked: Asked): asked is RelayOrder {
  return asked.key !== undefined;
}
