import type { Delivery } from "./bootstrap.ts";
import type { Payload } from "./payload.ts";
import { LARGEST_TYPED_SCRIPT } from "../inputs/script.ts";
import { quote } from "./quote.ts";
import { inlinePython, loaderParts, unpackerParts, withoutComments } from "./container-source.ts";

export interface LoaderOptions {
  readonly payload: Payload;
  readonly delivery: Delivery;
  /** A presigned URL of the staged object; undefined when there is none. It is secret while it is valid. */
  readonly address: string | undefined;
}

/** The code that gets the payload into a container that could not fetch it by boto3. The container fetches it by a presigned URL, or takes it from the session. */
export function loaderText({ payload, delivery, address }: LoaderOptions): string {
  return [
    `fx_sure='' fx_sha=${payload.sha256} fx_staged=${delivery.kind === "s3" ? 1 : "''"}`,
    `fx_address=${quote(address ?? "")}`,
    `fx_typed=${payload.bytes.length - payload.scriptAt > LARGEST_TYPED_SCRIPT ? "''" : "1"}`,
    ...["sha256", "download"].map((name) => `fx_${name}_py=${quote(inlinePython(`${name}.py`))}`),
    withoutComments(loaderParts()),
  ].join("\n");
}

/** The code for a container that no longer has the job. It ends the session with a refusal: `ended` for the job of a handle, `gone` for the step's own. */
export function endedText(why: "ended" | "gone"): string {
  // A bootstrap that could make no directory has /dev/null in fx_dir. The session ends after the watch of the bootstrap, because PID 1 may
  // be a program that reaps no child.
  return [
    `[ -z "$fx_new" ] || rm -rf "$fx_dir"`,
    `wait "$fx_watch"`,
    `printf '\\033]7733;%s;! ${why} the container has no such job\\007\\n' "$fx_nonce"`,
    "exit",
  ].join("\n");
}

/** The code that unpacks the payload, which is typed behind it in this number of lines. */
export function unpackerText({ sha256 }: Pick<Payload, "sha256">, lines: number): string {
  return [
    `fx_sure='' fx_sha=${sha256} fx_lines=${lines}`,
    `fx_sha256_py=${quote(inlinePython("sha256.py"))}`,
    withoutComments(unpackerParts()),
  ].join("\n");
}
