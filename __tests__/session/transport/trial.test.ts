import { systemClock } from "../../../src/clock.ts";
import { type Proof, Trial } from "../../../src/session/transport/trial.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";

function startTrial(proof: Proof) {
  const clock = new SteppedClock();
  const trial = new Trial();
  const { signal } = new AbortController();
  const passed = trial.passed(proof, { clock, signal, until: clock.now() + 5_000 });
  passed.catch(() => undefined);
  return { clock, trial, passed };
}

describe("a new socket to an agent that has opened the session", () => {
  it("holds once the agent has acknowledged something", async () => {
    const { trial, passed } = startTrial("acknowledgement");
    trial.acknowledged();
    await expect(passed).resolves.toBeUndefined();
  });

  it("does not hold for frames or pongs alone", async () => {
    const { clock, trial, passed } = startTrial("acknowledgement");
    trial.frame();
    trial.pong();
    await clock.pass(5_000);
    await expect(passed).rejects.toThrow("opened, but the agent acknowledged nothing within 5 s");
  });
});

describe("a new socket to an agent that has not opened the session", () => {
  it("holds with the first frame", async () => {
    const { trial, passed } = startTrial("none-yet");
    trial.frame();
    await expect(passed).resolves.toBeUndefined();
  });

  it("holds with a pong and a second in which it is not closed", async () => {
    const { clock, trial, passed } = startTrial("none-yet");
    trial.pong();
    await clock.pass(1_000);
    await expect(passed).resolves.toBeUndefined();
  });

  it("does not hold when nothing comes back", async () => {
    const { clock, passed } = startTrial("none-yet");
    await clock.pass(5_000);
    await expect(passed).rejects.toThrow("opened, but nothing came back");
  });
});

it.each(["acknowledgement", "none-yet"] as const)(
  "a new socket does not hold when it is lost: %s",
  async (proof) => {
    const { trial, passed } = startTrial(proof);
    trial.lost("was closed with code 1008");
    await expect(passed).rejects.toThrow("opened, but was closed with code 1008");
  },
);

it("a trial rejects with the reason of an abort", async () => {
  const cancel = new AbortController();
  const by = { clock: systemClock, signal: cancel.signal, until: systemClock.now() + 60_000 };
  const passed = new Trial().passed("none-yet", by);
  cancel.abort(new Error("cancelled"));
  await expect(passed).rejects.toThrow("cancelled");
});
