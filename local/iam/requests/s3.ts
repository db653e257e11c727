import type { IncomingHttpHeaders } from "node:http";
import { AwsError } from "../../aws-error.ts";
import { textsOf } from "../../query-api.ts";
import { decoded } from "../../sigv4.ts";
import { unescapeXml } from "../../xml.ts";
import type { Context } from "../conditions.ts";
import type { Request, Right } from "./request.ts";

/** The KMS keys of objects, which moto doesn't keep. */
export interface ObjectKeys {
  /** The ARN of the KMS key that an object was written with. */
  keyOf(bucket: string, key: string): string | undefined;
  /** The ARN of a KMS key that is given by id or ARN. */
  keyArn(reference: string): string;
}

/** The bucket and the object of a request in path style; empty when the request names none. */
export function objectOf(url: URL): { readonly bucket: string; readonly key: string } {
  const [bucket = "", ...key] = url.pathname.slice(1).split("/");
  return { bucket, key: decodeURIComponent(key.join("/")) };
}

/** `bytes` is the body, given only for a form and for DeleteObjects. */
type S3Request = Request & { readonly bytes?: Buffer | undefined };

/** The rights that a call of S3 needs (S3 user guide: "Required permissions for Amazon S3 API operations"). */
export function s3Rights(request: S3Request, known: ObjectKeys): readonly Right[] {
  const { method, url, headers } = request;
  const { bucket, key } = objectOf(url);
  const has = (name: string): boolean => url.searchParams.has(name);
  const context = contextOf(headers, url);
  const on = (action: string, resource: string): Right => ({ action: `s3:${action}`, resource, context });
  if (bucket === "") return [on("ListAllMyBuckets", "*")];
  requireKnown([...url.searchParams.keys()], key === "" ? OF_BUCKETS : OF_OBJECTS);
  const itself = `arn:aws:s3:::${bucket}`;
  if (key === "" && method === "POST" && has("delete"))
    return deletionRights(request.bytes, (action, of) => on(action, `${itself}/${of}`));
  if (key === "") return [on(bucketAction(method, has), itself)];
  const object = (action: string): Right => on(action, `${itself}/${key}`);
  if (method === "POST" && has("select")) return [object("GetObject")];
  if (method === "POST" && !has("uploads") && !has("uploadId")) throw noSuchOperation();
  const version = has("versionId") ? "Version" : "";
  if (has("tagging")) return [object(`${TAGGING[method] ?? "Put"}Object${version}Tagging`)];
  if (method === "GET" && has("uploadId")) return [object("ListMultipartUploadParts")];
  if (method === "GET" || method === "HEAD") {
    const encryptedBy = known.keyOf(bucket, key);
    return [
      object(`GetObject${version}`),
      ...(encryptedBy === undefined ? [] : [{ action: "kms:Decrypt", resource: encryptedBy }]),
    ];
  }
  // Comparing an ETag needs the right to read the object ("conditional writes", "conditional deletes").
  const compared = /^(?!\*$)/.test(headers["if-match"] ?? "*") ? [object("GetObject")] : [];
  if (method === "DELETE") {
    if (has("uploadId")) return [object("AbortMultipartUpload")];
    return [object(`DeleteObject${version}`), ...compared];
  }
  const kms = headers["x-amz-server-side-encryption-aws-kms-key-id"];
  const encrypted =
    typeof kms === "string" ? [{ action: "kms:GenerateDataKey", resource: known.keyArn(kms) }] : [];
  const source = headers["x-amz-copy-source"];
  const copied = typeof source === "string" ? [on("GetObject", `arn:aws:s3:::${sourceOf(source)}`)] : [];
  return [object("PutObject"), ...compared, ...encrypted, ...copied];
}

/** Bucket and key of the source of a copy, which may have a version. Throws S3's answer to a malformed one. */
function sourceOf(header: string): string {
  const source = decoded(header.replace(/^\//, "").replace(/\?versionId=[^?]*$/, ""));
  if (source !== undefined) return source;
  const message = "Copy Source must mention the source bucket and key: sourcebucket/sourcekey";
  throw new AwsError("InvalidArgument", message);
}

const TEXT = "(?:[^<>&]|&(?:amp|lt|gt|quot|apos|#[0-9]{1,5}|#x[0-9A-Fa-f]{1,4});)*";
const OBJECT = `<Object>\\s*(?:<(?:Key|VersionId|ETag)>${TEXT}</(?:Key|VersionId|ETag)>\\s*)+</Object>\\s*`;
/** The list of DeleteObjects as clients write it. moto might read anything else in another way than this server. */
const DELETE = new RegExp(
  `^(?:<\\?xml[^<>]*\\?>)?\\s*<Delete(?: xmlns="[^"<>]*")?>\\s*(?:<Quiet>${TEXT}</Quiet>\\s*|${OBJECT})*</Delete>\\s*$`,
);

/**
 * The rights that DeleteObjects needs. The local Fargate refuses the whole call when one is missing. S3 refuses only the
 * objects for which a right is missing. Throws S3's answer to a body that is no list of objects.
 */
function deletionRights(
  body: Buffer | undefined,
  on: (action: string, key: string) => Right,
): readonly Right[] {
  const list = body?.toString("utf8") ?? "";
  const objects = DELETE.test(list) ? (list.match(/<Object>.*?<\/Object>/gs) ?? []) : [];
  const rights = objects.flatMap((object) => {
    const version = textsOf(object, "VersionId").length > 0 ? "Version" : "";
    return textsOf(object, "Key").map((key) => on(`DeleteObject${version}`, unescapeXml(key)));
  });
  if (rights.length === 0 || rights.length !== objects.length)
    throw new AwsError("MalformedXML", "The XML you provided was not well-formed.", 400);
  return rights;
}

/** What the rights call a sub-resource of a bucket. */
const PARTS: Readonly<Record<string, string>> = {
  location: "BucketLocation",
  encryption: "EncryptionConfiguration",
  versioning: "BucketVersioning",
  policy: "BucketPolicy",
  "object-lock": "BucketObjectLockConfiguration",
  lifecycle: "LifecycleConfiguration",
  tagging: "BucketTagging",
  acl: "BucketAcl",
  publicAccessBlock: "BucketPublicAccessBlock",
  ownershipControls: "BucketOwnershipControls",
};
const TAGGING: Readonly<Record<string, string>> = { GET: "Get", HEAD: "Get", DELETE: "Delete" };

/** The parameters of a query whose operations this file knows: those that name an operation, and those that such an operation takes. */
interface Parameters {
  readonly operations: readonly string[];
  readonly others: readonly string[];
}

const OF_BUCKETS: Parameters = {
  operations: [...Object.keys(PARTS), "versions", "uploads", "delete"],
  others: [
    ...["list-type", "prefix", "delimiter", "marker", "max-keys", "start-after", "continuation-token"],
    ...["encoding-type", "fetch-owner", "key-marker", "version-id-marker", "upload-id-marker", "max-uploads"],
  ],
};
const OF_OBJECTS: Parameters = {
  operations: ["uploads", "uploadId", "select", "tagging"],
  others: ["versionId", "partNumber", "select-type", "max-parts", "part-number-marker", "encoding-type"],
};
/** The parameters of a presigned request and of the SDK, and those that change headers of the answer. */
const OF_ALL = /^(?:x-amz-|response-|x-id$)/i;

/** Throws S3's answer to another sub-resource: moto may have it, but this file knows no right for it. So it does to two at once, of which moto takes one. */
function requireKnown(names: readonly string[], { operations, others }: Parameters): void {
  const isKnown = (name: string): boolean => operations.includes(name) || others.includes(name);
  const asked = new Set(names.filter((name) => operations.includes(name)));
  if (asked.size > 1 || names.some((name) => !isKnown(name) && !OF_ALL.test(name))) throw noSuchOperation();
}

function noSuchOperation(): AwsError {
  return new AwsError("NotImplemented", "The local Fargate has no such operation of S3.", 501);
}

function bucketAction(method: string, has: (name: string) => boolean): string {
  const part = Object.keys(PARTS).find(has);
  const what = part === undefined ? undefined : PARTS[part];
  if (what !== undefined)
    return method === "DELETE" && part === "policy"
      ? "DeleteBucketPolicy"
      : `${method === "GET" ? "Get" : "Put"}${what}`;
  if (has("versions")) return "ListBucketVersions";
  if (has("uploads")) return "ListBucketMultipartUploads";
  if (method === "PUT") return "CreateBucket";
  if (method === "DELETE") return "DeleteBucket";
  if (method === "POST") return "PutObject";
  return "ListBucket";
}

/** The condition keys of a request. Most are headers, which a presigned request may have in its query instead. */
function contextOf(headers: IncomingHttpHeaders, url: URL): Context {
  const named = [
    ...["x-amz-acl", "x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id"],
    ...["x-amz-content-sha256", "x-amz-storage-class", "if-match", "if-none-match"],
  ];
  const header = (name: string): string | undefined =>
    (headers[name] as string | undefined) ?? url.searchParams.get(name) ?? undefined;
  return {
    ...Object.fromEntries(named.map((name) => [`s3:${name}`, header(name)])),
    "s3:prefix": url.searchParams.get("prefix") ?? undefined,
    "s3:delimiter": url.searchParams.get("delimiter") ?? undefined,
    "s3:VersionId": url.searchParams.get("versionId") ?? undefined,
    "s3:authType": url.searchParams.has("X-Amz-Signature") ? "REST-QUERY-STRING" : "REST-HEADER",
  };
}
