import { mark } from "../session/fake-session.ts";
import { Scene, SPOOL } from "./scene.ts";

const give = (number: number, ...batches: string[]) => ({ number, words: `give ${batches.join(" ")}` });

function itemsTyped(typed: readonly string[]): readonly string[] {
  return typed.flatMap((text) => text.split("\n")).filter((line) => line.startsWith("items"));
}

describe("orders for the items of a job", () => {
  it("are typed once each, when the attacher shows the job", async () => {
    const job = new Scene((session) => session.says("nothing yet"));
    job.itemOrders = [];
    const end = job.follow();
    await job.settle();
    job.itemOrders = [give(1, "0", "1")];
    job.changeOrders();
    await job.settle();
    expect(itemsTyped(job.typed)).toEqual([]);
    job.session.says(`${mark("@0")}\n`);
    await job.settle();
    expect(itemsTyped(job.typed)).toEqual(["items 1 give 0 1"]);
    job.itemOrders = [give(1, "0", "1"), give(2, "2"), { number: 3, words: "end" }];
    job.changeOrders();
    await job.settle();
    expect(itemsTyped(job.typed)).toEqual(["items 1 give 0 1", "items 2 give 2", "items 3 end"]);
    job.session.says(`${SPOOL}${mark(`. ${SPOOL.length} exited 0=0:1`)}`);
    await end;
  });

  it("are typed again into the next session, as long as the container has not confirmed them", async () => {
    const job = new Scene();
    job.itemOrders = [];
    const end = job.follow();
    await job.settle();
    job.itemOrders = [give(1, "0"), give(2, "1")];
    job.changeOrders();
    await job.settle();
    job.itemOrders = [give(2, "1")];
    job.changeOrders();
    job.session.end({ kind: "lost", why: "cut" });
    await job.until(() => job.sessions.length === 2, 30_000);
    await job.settle();
    expect(itemsTyped(job.session.typed)).toEqual(["items 2 give 1"]);
    job.cancel.abort();
    await job.pass(10_000);
    await end;
  });

  it("go by `control` once S3 carries the output, at once when one is new", async () => {
    const job = Scene.withBucket();
    job.itemOrders = [];
    await job.release();
    job.itemOrders = [give(1, "0", "3,4@2")];
    job.changeOrders();
    await job.until(() => job.bucket.controls.at(-1)?.words === "items 1 give 0 3,4@2", 200);
    const written = job.bucket.controls.length;
    // Confirmed orders alone are no news.
    job.itemOrders = [];
    job.changeOrders();
    await job.pass(200);
    expect(job.bucket.controls).toHaveLength(written);
    job.itemOrders = [{ number: 2, words: "end" }];
    job.changeOrders();
    await job.until(() => job.bucket.controls.at(-1)?.words === "items 2 end", 200);
    expect(itemsTyped(job.typed)).toEqual([]);
  });

  it("that S3 does not take are written again soon, since workers wait for them", async () => {
    const job = Scene.withBucket();
    job.itemOrders = [];
    await job.release();
    job.bucket.weather = "slow";
    job.itemOrders = [give(1, "0")];
    job.changeOrders();
    await job.pass(5_000);
    job.bucket.weather = "fine";
    await job.until(() => job.bucket.controls.at(-1)?.words === "items 1 give 0", 1_200);
  });

  it("that come while `control` is being written go into the next one together", async () => {
    const job = Scene.withBucket();
    job.itemOrders = [];
    await job.release();
    const written = job.bucket.controls.length;
    for (let number = 1; number <= 50; number += 1) {
      job.itemOrders = [...job.itemOrders, give(number, String(number))];
      job.changeOrders();
    }
    await job.until(() => job.bucket.controls.at(-1)?.words.includes("items 50 ") === true, 200);
    expect(job.bucket.controls.length - written).toBeLessThanOrEqual(3);
  });
});
