import { createHash, createHmac } from "node:crypto";
import { signUpgrade } from "../../src/aws/sign-upgrade.ts";
import { signedByGo } from "../helpers/signed-upgrade.ts";

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
const URL_TEXT =
  "wss://ssmmessages.eu-west-1.amazonaws.com/v1/data-channel/ecs-execute-command-0a?role=publish_subscribe&cell-number=AA%2FBB%3D";
const KEYS = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "example-secret" };
const sign = (url: string, keys: object = {}) =>
  signUpgrade({
    url,
    region: "eu-west-1",
    credentials: () => Promise.resolve({ ...KEYS, ...keys }),
    now: NOW,
  });

const hmac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();

/** Signature Version 4, computed as AWS specifies it, for a GET without a body. */
function signature(query: string, headers: Record<string, string>): string {
  const names = Object.keys(headers).sort();
  const canonical = [
    "GET",
    "/v1/data-channel/ecs-execute-command-0a",
    query,
    ...names.map((name) => `${name}:${headers[name] ?? ""}`),
    "",
    names.join(";"),
    createHash("sha256").update("").digest("hex"),
  ].join("\n");
  const scope = "20260102/eu-west-1/ssmmessages/aws4_request";
  const hash = createHash("sha256").update(canonical).digest("hex");
  const key = ["20260102", "eu-west-1", "ssmmessages", "aws4_request"].reduce<string | Buffer>(
    hmac,
    `AWS4${KEYS.secretAccessKey}`,
  );
  const value = hmac(key, ["AWS4-HMAC-SHA256", "20260102T030405Z", scope, hash].join("\n")).toString("hex");
  return `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/${scope}, SignedHeaders=${names.join(";")}, Signature=${value}`;
}

describe("the upgrade request's signature", () => {
  it("is Signature Version 4 for ssmmessages", async () => {
    const headers = await sign(URL_TEXT);
    expect(headers).toEqual({
      "x-amz-date": "20260102T030405Z",
      authorization: signature("cell-number=AA%2FBB%3D&role=publish_subscribe", {
        host: "ssmmessages.eu-west-1.amazonaws.com",
        "x-amz-date": "20260102T030405Z",
      }),
    });
  });

  it("covers the session token of temporary credentials and an unusual port", async () => {
    const headers = await sign(URL_TEXT.replace(".com/", ".com:8443/"), { sessionToken: "temporary" });
    expect(headers).toEqual({
      "x-amz-date": "20260102T030405Z",
      "x-amz-security-token": "temporary",
      authorization: signature("cell-number=AA%2FBB%3D&role=publish_subscribe", {
        host: "ssmmessages.eu-west-1.amazonaws.com:8443",
        "x-amz-date": "20260102T030405Z",
        "x-amz-security-token": "temporary",
      }),
    });
  });

  it("equals that of AWS's own signer for a cell number in raw base64", async () => {
    for (const headers of signedByGo.headers) {
      const { accessKeyId, secretAccessKey, url } = signedByGo;
      const sessionToken = headers["x-amz-security-token"];
      const keys = { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
      expect(await sign(url, keys)).toEqual(headers);
    }
  });

  it.each(["X-Amz-Signature", "x-amz-credential"])(
    "is left out when the URL has %s already",
    async (name) => {
      expect(await sign(`${URL_TEXT}&${name}=abc`)).toEqual({});
    },
  );

  it("fails when the credentials can't be had", async () => {
    const credentials = () => Promise.reject(new Error("none"));
    await expect(signUpgrade({ url: URL_TEXT, region: "eu-west-1", credentials, now: NOW })).rejects.toThrow(
      "none",
    );
  });
});
