import { pipeline, type Readable, Transform } from "node:stream";
import type { FromWebTokenInit } from "@aws-sdk/credential-provider-web-identity";
import { afterRealTime } from "../clock.ts";

/** A part of a client of the SDK. */
export type SdkPlugin = NonNullable<FromWebTokenInit["clientPlugins"]>[number];

/** How long an answer may take as a whole, in milliseconds: the SDK's own limit is for silence. And its most bytes: one of STS has a few kilobytes. */
const LIMITS = { whole: 20_000, bytes: 1024 * 1024 };

/** Bounds the time and the bytes of each answer that a client of the SDK reads. An answer that takes too long counts as lost, and may be asked for again. */
export const boundedAnswer = (limits = LIMITS): SdkPlugin => ({
  applyToStack: (stack) =>
    // Between the SDK's parser of answers and the connection.
    stack.add((next) => (args) => bound(next(args) as Promise<Answer>, limits), {
      step: "deserialize",
      priority: "low",
      name: "boundedAnswer",
    }),
});

interface Answer {
  readonly response: { body: Readable };
}

async function bound(asked: Promise<Answer>, { whole, bytes }: typeof LIMITS): Promise<Answer> {
  let giveUp: (error: Error) => void = () => undefined;
  const late = new Promise<never>((_resolve, reject) => (giveUp = reject));
  const calm = afterRealTime(whole, () => {
    const error = new Error(`No whole answer within ${whole / 1000} s.`);
    giveUp(Object.assign(error, { name: "TimeoutError" }));
  });
  try {
    const result = await Promise.race([asked, late]);
    const { response } = result;
    const { body } = response;
    giveUp = (error) => void body.destroy(error);
    response.body = pipeline(body, atMost(bytes), calm);
    return result;
  } catch (error) {
    calm();
    throw error;
  }
}

function atMost(bytes: number): Transform {
  let left = bytes;
  return new Transform({
    transform(piece: Buffer, _encoding, done) {
      left -= piece.length;
      if (left >= 0) done(null, piece);
      else done(new Error(`The answer has more than ${bytes / 1024 / 1024} MiB.`));
    },
  });
}
