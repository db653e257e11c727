import { ControlWriter } from "../../../src/carriers/pieces/control-writer.ts";
import { Listener } from "../../helpers/listener.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";

const MIB = 1024 * 1024;

function aWriter() {
  const clock = new SteppedClock();
  const over = new AbortController();
  const written: number[] = [];
  const refuse = () => Promise.reject(new Error("not asked for"));
  const writer = new ControlWriter({
    store: {
      ...{ access: refuse, readControl: refuse, replaceControl: refuse },
      writeControl: (confirmed) => Promise.resolve(void written.push(confirmed)),
    },
    access: { post: { url: "https://s3.example", fields: {} }, control: "", until: clock.now() + 3_600_000 },
    ...{ isShared: false, clock, log: new Listener() },
  });
  const keeping = writer.keepWriting(over.signal);
  return { writer, clock, written, end: () => (over.abort(), keeping) };
}

describe("the words to a container by S3", () => {
  it("tell of bytes at once when these are 16 MiB more than the container knows of, and else with the next sign of life", async () => {
    const { writer, clock, written, end } = aWriter();
    await clock.turn();
    for (const mib of [15, 17, 18, 20, 32, 33, 34]) {
      writer.confirm(mib * MIB);
      await clock.turn();
    }
    expect(written).toEqual([0, 17 * MIB, 33 * MIB]);
    await clock.pass(5_000, 60_000);
    await clock.turn();
    expect(written).toEqual([0, 17 * MIB, 33 * MIB, 34 * MIB]);
    await end();
  });
});
