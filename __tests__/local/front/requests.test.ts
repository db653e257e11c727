import type { IncomingMessage } from "node:http";
import { bodiesUpTo, protocolOf } from "../../../local/front/requests.ts";

const JSON_CALL = { "x-amz-target": "X.ListClusters", "content-type": "application/x-amz-json-1.1" };
const FORM = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" };

it.each<[string, string, object, string]>([
  ["POST", "/", JSON_CALL, "json"],
  ["POST", "/", FORM, "query"],
  ["GET", "/bucket/key", {}, "s3"],
  ["GET", "/", FORM, "s3"],
  ["PUT", "/", JSON_CALL, "UnknownOperationException"],
  ["POST", "/other", JSON_CALL, "UnknownOperationException"],
  ["POST", "/other", FORM, "UnknownOperationException"],
  ["POST", "/?Action=ListUsers", FORM, "UnknownOperationException"],
  ["POST", "/", { ...JSON_CALL, "content-type": "text/plain" }, "UnknownOperationException"],
  ["GET", "/%zz", {}, "InvalidURI"],
  ["GET", "/b%2Fk", {}, "InvalidBucketName"],
])("%s %s with %j is read in one way only: %s", (method, url, headers, expected) => {
  const read = (): string => {
    try {
      return protocolOf({ method, url, headers } as unknown as IncomingMessage, new URL(url, "http://local"));
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  expect(read()).toBe(expected);
});

it("bodies are recorded as long as all together have no more bytes than the bound", () => {
  const mayKeep = bodiesUpTo(10);
  expect([4, 6, 1, 0].map(mayKeep)).toEqual([true, true, false, true]);
  const other = bodiesUpTo(10);
  expect([11, 4].map(other)).toEqual([false, true]);
});
