import type { IncomingHttpHeaders } from "node:http";
import { AwsError } from "../aws-error.ts";
import { isSignatureOf } from "../sigv4.ts";
import { s3Denied, wrongSignature } from "./errors.ts";

/** A form that a browser, or curl, posts to a bucket. */
export interface PostedForm {
  /** The fields by their names in lower case, without the file. */
  readonly fields: Readonly<Record<string, string>>;
  readonly file: Buffer;
}

/** Whether the body of a request is a form. */
export function isMultipart({ "content-type": type }: IncomingHttpHeaders): boolean {
  return type?.startsWith("multipart/form-data") === true;
}

const NO_FILE = "POST requires exactly one file upload per request, as its last field.";
const LONGEST_HEAD = 2_048;

type Condition = Readonly<Record<string, string>> | readonly [string, string | number, string | number];

/** The head of a part as clients write it, and no other: moto might read anything else in another way than this server. */
const PART =
  /^\r\nContent-Disposition: form-data; name="([^"\\\r\n]+)"(?:; filename="[^"\\\r\n]*")?(?:\r\nContent-Type: [^\r\n]*)?\r\n\r\n/i;

/** The fields of a `multipart/form-data` body, each once, with the file as the last. Throws S3's answer to any other body. */
export function readForm(contentType: string, body: Buffer): PostedForm {
  const [, quoted, bare] =
    /^multipart\/form-data; ?boundary=(?:"([^"]+)"|([^;\s"]+))$/.exec(contentType) ?? [];
  const boundary = quoted ?? bare;
  if (boundary === undefined) throw malformedPost("The body has no boundary.");
  const fields: Record<string, string> = {};
  const begin = `--${boundary}`;
  if (!body.subarray(0, begin.length).equals(Buffer.from(begin))) throw malformedPost(NO_FILE);
  for (let at = begin.length; ;) {
    const [head, name = ""] = PART.exec(body.toString("latin1", at, at + LONGEST_HEAD)) ?? [];
    const from = at + (head?.length ?? 0);
    const end = body.indexOf(`\r\n${begin}`, from);
    if (head === undefined || end < 0) throw malformedPost(NO_FILE);
    const content = body.subarray(from, end);
    at = end + 2 + begin.length;
    if (name === "file") {
      if (!/^--(?:\r\n)?$/.test(body.toString("latin1", at, at + 8))) throw malformedPost(NO_FILE);
      return { fields, file: content };
    }
    if (fields[name.toLowerCase()] !== undefined) throw malformedPost(`The field ${name} is there twice.`);
    fields[name.toLowerCase()] = content.toString("utf8");
  }
}

/** The credential and signature of a form, in the shape of a request's; undefined for an unsigned form. */
export function signatureOfForm(
  fields: PostedForm["fields"],
):
  | { accessKeyId: string; scope: readonly string[]; signature: string; token: string | undefined }
  | undefined {
  const [accessKeyId, ...scope] = (fields["x-amz-credential"] ?? "").split("/");
  if (accessKeyId === undefined || scope.length !== 4 || fields["policy"] === undefined) return undefined;
  const [signature = "", token] = [fields["x-amz-signature"], fields["x-amz-security-token"]];
  return { accessKeyId, scope, signature, token };
}

/** The fields that need no condition (S3's page "POST policy"); all others need one. */
const FREE = new Set(["policy", "x-amz-signature", "file", "awsaccesskeyid"]);

/** Throws S3's answer to a form that its policy doesn't allow; `bucket` is the bucket it was posted to. */
export function checkForm(
  { fields, file }: PostedForm,
  { bucket, secret, now }: { readonly bucket: string; readonly secret: string; readonly now: number },
): void {
  const encoded = fields["policy"] ?? "";
  const signature = signatureOfForm(fields);
  if (signature === undefined || !isSignatureOf(secret, encoded, signature)) throw wrongSignature("s3");
  const policy = policyOf(encoded);
  if (!(Date.parse(policy.expiration ?? "") > now))
    throw s3Denied("Invalid according to Policy: Policy expired.");
  const values: Readonly<Record<string, string>> = { ...fields, bucket };
  const covered = new Set<string>();
  for (const condition of policy.conditions ?? []) {
    const [how, name, wanted] = triple(condition);
    if (how === "content-length-range") {
      checkSize(file.length, Number(name), Number(wanted));
      continue;
    }
    const field = String(name).replace(/^\$/, "").toLowerCase();
    covered.add(field);
    const value = values[field] ?? "";
    const fits = how === "starts-with" ? value.startsWith(String(wanted)) : value === String(wanted);
    if (!fits)
      throw s3Denied(
        `Invalid according to Policy: Policy Condition failed: ${JSON.stringify([how, `$${field}`, wanted])}`,
      );
  }
  const extra = Object.keys(fields).find(
    (name) => !FREE.has(name) && !name.startsWith("x-ignore-") && !covered.has(name),
  );
  if (extra !== undefined) throw s3Denied(`Invalid according to Policy: Extra input fields: ${extra}`);
}

interface FormPolicy {
  readonly expiration?: string;
  readonly conditions?: readonly Condition[];
}

function policyOf(encoded: string): FormPolicy {
  try {
    return JSON.parse(Buffer.from(encoded, "base64").toString("utf8")) as FormPolicy;
  } catch {
    throw new AwsError("InvalidPolicyDocument", "Invalid Policy: Invalid JSON.");
  }
}

function triple(condition: Condition): readonly [string, string | number, string | number] {
  if (Array.isArray(condition)) return condition as [string, string | number, string | number];
  const [[name, value] = ["", ""]] = Object.entries(condition);
  return ["eq", name, value];
}

function checkSize(size: number, least: number, most: number): void {
  if (size < least)
    throw new AwsError("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size");
  if (size > most)
    throw new AwsError("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size");
}

function malformedPost(message: string): AwsError {
  return new AwsError("MalformedPOSTRequest", message);
}
