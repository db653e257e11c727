import { s3Rights } from "../../../local/iam/requests/s3.ts";

/** The actions of the rights that a request needs, or the code of its refusal. */
function actionsOf(method: string, target: string): string {
  const known = { keyOf: () => undefined, keyArn: (reference: string) => reference };
  const url = new URL(target, "http://local");
  try {
    const request = { service: "s3", operation: "", body: {}, method, url, headers: {} };
    return s3Rights(request, known)
      .map(({ action }) => action)
      .join();
  } catch (error) {
    return (error as { code: string }).code;
  }
}

it.each([
  ["GET", "/b?list-type=2&prefix=a&x-id=ListObjectsV2", "s3:ListBucket"],
  ["PUT", "/b", "s3:CreateBucket"],
  ["DELETE", "/b", "s3:DeleteBucket"],
  ["PUT", "/b?publicAccessBlock", "s3:PutBucketPublicAccessBlock"],
  ["PUT", "/b?ownershipControls", "s3:PutBucketOwnershipControls"],
  ["GET", "/b?versions&key-marker=a", "s3:ListBucketVersions"],
  ["GET", "/b/k?X-Amz-Signature=x&response-content-type=y&versionId=1", "s3:GetObjectVersion"],
  ["GET", "/b/k?uploadId=1", "s3:ListMultipartUploadParts"],
  ["PUT", "/b/k?uploadId=1&partNumber=2", "s3:PutObject"],
  ["PUT", "/b/k?tagging", "s3:PutObjectTagging"],
  ["DELETE", "/b/k?tagging", "s3:DeleteObjectTagging"],
])("%s %s needs %s", (method, target, actions) => {
  expect(actionsOf(method, target)).toBe(actions);
});

it.each([
  ["PUT", "/b?cors"],
  ["DELETE", "/b?replication"],
  ["GET", "/b?policyStatus"],
  ["PUT", "/b?location&policy"],
  ["GET", "/b/k?acl"],
  ["PUT", "/b/k?retention"],
  ["DELETE", "/b/k?uploadId=1&tagging"],
])("%s %s is refused, since no right is known for it", (method, target) => {
  expect(actionsOf(method, target)).toBe("NotImplemented");
});
