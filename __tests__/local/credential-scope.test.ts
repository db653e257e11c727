import { credentialScope } from "../../local/credential-scope.ts";

const url = (query = ""): URL => new URL(`http://local/${query}`);

describe("the credential scope of a request", () => {
  it("is read from the Authorization header", () => {
    const authorization =
      "AWS4-HMAC-SHA256 Credential=AKIA/20260101/eu-west-1/ecs/aws4_request, SignedHeaders=host, Signature=0";
    expect(credentialScope({ authorization }, url())).toEqual({
      key: "AKIA",
      region: "eu-west-1",
      service: "ecs",
    });
  });

  it("is read from a presigned query", () => {
    const query =
      "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA%2F20260101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Signature=0";
    expect(credentialScope({}, url(query))).toEqual({ key: "AKIA", region: "us-east-1", service: "s3" });
  });

  it("may have slashes in its key", () => {
    const authorization = "AWS4-HMAC-SHA256 Credential=a/b/20260101/us-east-1/s3/aws4_request, Signature=0";
    expect(credentialScope({ authorization }, url())?.key).toBe("a/b");
  });

  it.each(["", "Bearer token", "AWS4-HMAC-SHA256 Credential=AKIA/20260101, Signature=0"])(
    "is absent from %j",
    (authorization) => {
      expect(credentialScope({ authorization }, url())).toBeUndefined();
    },
  );
});
