import { QueueObject } from "../../src/places/queue-object.ts";
import { EMPTY } from "../../src/places/queue-state.ts";
import { Listener } from "../helpers/listener.ts";
import { SleeplessClock } from "../helpers/stepped-clock.ts";
import { Bucket } from "./bucket.ts";

it("no write has the bytes of the one that it replaces, since S3 compares hashes: a run with two writes at once would lose sight of a version", async () => {
  const clock = new SleeplessClock();
  const bucket = new Bucket(clock);
  const queue = new QueueObject({
    ...{ object: { bucket: "b", key: "k" }, kmsKeyId: undefined, s3: bucket, clock, log: new Listener() },
  });
  const claim = {
    run: "one",
    holds: true,
    shares: false,
    locks: false,
    sessions: 1,
    since: undefined,
    renewed: undefined,
  } as const;
  const write = async (): Promise<string> => {
    await queue.change(() => ({ queue: { ...EMPTY, claims: [claim] }, result: undefined }), {
      denied: "fails",
    });
    const [object] = bucket.objects.values();
    return Buffer.from(object?.bytes ?? "").toString();
  };
  const first = await write();
  expect(await write()).not.toBe(first);
});
