import { gzipSync } from "node:zlib";
import { PACKED } from "./bootstrap.ts";
import { escapedLines, inTypedLines, type Opening, openingLine, typeLines, typedSecrets } from "./input.ts";
import { endedText, loaderText, type LoaderOptions, unpackerText } from "./loader.ts";
import type { Payload } from "./payload.ts";

/** The first input when the container has no job to attach to: that of a handle has ended, or the step's own is gone. */
export function typedEnd(opening: Opening, why: "ended" | "gone"): Buffer {
  return typeLines([openingLine(opening), ...codeLines(endedText(why))]);
}

/** The loader that unpacks the payload, and the payload. They are typed between the opening and the secrets. Making them takes milliseconds. */
export function packedDelivery(payload: Payload): Buffer {
  const lines = inTypedLines(gzipSync(payload.bytes).toString("base64"));
  return typeLines([...codeLines(unpackerText(payload, lines.length)), ...lines]);
}

/**
 * The first input when the payload is missing: the opening, then a loader. `why` is the container's reason. Where
 * the session carries the payload, a container that can unpack gets the payload and the secrets at once. Any other
 * container asks for each. `packed` returns what `packedDelivery` makes, which may have been made before.
 */
export function typedDelivery(
  opening: Opening,
  options: LoaderOptions,
  why: string | undefined,
  secrets: Readonly<Record<string, string>>,
  packed = (): Buffer => packedDelivery(options.payload),
): Buffer {
  const opened = openingLine(opening);
  if (options.delivery.kind !== "session" || why !== PACKED)
    return typeLines([opened, ...codeLines(loaderText(options))]);
  return Buffer.concat([typeLines([opened]), packed(), typedSecrets(secrets)]);
}

/** The lines of code that the bootstrap evaluates, and the dot that ends them. */
function codeLines(code: string): string[] {
  return [...escapedLines(Buffer.from(code)), "."];
}
