import { gzipSync } from "node:zlib";
import { PACKED } from "./bootstrap.ts";
import { escapedLines, linesOf, type Opening, openingLine, typeLines, typedSecrets } from "./input.ts";
import { endedText, loaderText, type LoaderOptions, unpackerText } from "./loader.ts";

/** The first input when the container has no job to attach to. */
export function typedEnd(opening: Opening): Buffer {
  return typeLines([openingLine(opening), ...escapedLines(Buffer.from(endedText())), "."]);
}

/**
 * The first input when the payload is missing: the opening, then a loader. `why` is the container's reason. Where
 * the session carries the payload, a container that can unpack gets the payload and the secrets at once. Any other
 * container asks for each.
 */
export function typedDelivery(
  opening: Opening,
  options: LoaderOptions,
  why: string,
  secrets: Readonly<Record<string, string>>,
): Buffer {
  const { payload, delivery } = options;
  const opened = (code: string): Buffer =>
    typeLines([openingLine(opening), ...escapedLines(Buffer.from(code)), "."]);
  if (delivery.kind !== "session" || why !== PACKED) return opened(loaderText(options));
  const lines = linesOf(gzipSync(payload.bytes).toString("base64"));
  return Buffer.concat([
    opened(unpackerText(payload, lines.length)),
    typeLines(lines),
    typedSecrets(secrets),
  ]);
}
