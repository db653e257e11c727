import { type Conditions, isConditionMet, type Context } from "../../../local/iam/conditions.ts";

const cluster = "arn:aws:ecs:eu-west-1:123456789012:cluster/shop";

it.each<[string, Conditions, Context, boolean]>([
  ["no condition", {}, {}, true],
  ["StringEquals", { StringEquals: { "s3:prefix": "a" } }, { "s3:prefix": "a" }, true],
  ["StringEquals, of one among several", { StringEquals: { k: ["a", "b"] } }, { k: "b" }, true],
  ["StringEquals, in another case", { StringEquals: { k: "a" } }, { k: "A" }, false],
  ["StringEquals, no such key", { StringEquals: { k: "a" } }, {}, false],
  [
    "StringEquals, the key in another case",
    { StringEquals: { "ECS:Cluster": "a" } },
    { "ecs:cluster": "a" },
    true,
  ],
  ["StringEqualsIfExists, no such key", { StringEqualsIfExists: { k: "a" } }, {}, true],
  ["StringEqualsIfExists, another value", { StringEqualsIfExists: { k: "a" } }, { k: "b" }, false],
  ["StringEqualsIgnoreCase", { StringEqualsIgnoreCase: { k: "a" } }, { k: "A" }, true],
  ["StringNotEquals", { StringNotEquals: { k: "aws:kms" } }, { k: "AES256" }, true],
  ["StringNotEquals, no such key", { StringNotEquals: { k: "aws:kms" } }, {}, true],
  ["StringNotEquals, the value", { StringNotEquals: { k: ["a", "b"] } }, { k: "b" }, false],
  ["StringLike", { StringLike: { k: "fargate-exec/*" } }, { k: "fargate-exec/x/y" }, true],
  ["StringLike, ? is one character", { StringLike: { k: "a?c" } }, { k: "abbc" }, false],
  ["StringLike, nothing else is special", { StringLike: { k: "a.c" } }, { k: "abc" }, false],
  ["StringNotLike", { StringNotLike: { k: "a*" } }, { k: "b" }, true],
  [
    "ArnEquals with a wildcard",
    { ArnEquals: { k: "arn:aws:ecs:*:123456789012:cluster/*" } },
    { k: cluster },
    true,
  ],
  [
    "ArnLike, a wildcard ends at a colon",
    { ArnLike: { k: "arn:aws:ecs:*:cluster/shop" } },
    { k: cluster },
    false,
  ],
  ["ArnNotEquals", { ArnNotEquals: { k: cluster } }, { k: `${cluster}2` }, true],
  ["Bool", { Bool: { k: "false" } }, { k: "true" }, false],
  ["Null of what is there", { Null: { k: "true" } }, { k: "x" }, false],
  ["Null of what is missing", { Null: { k: "true" } }, {}, true],
  ["not Null of what is there", { Null: { k: "false" } }, { k: "x" }, true],
  ["NumericLessThan", { NumericLessThan: { k: "10" } }, { k: "9" }, true],
  ["all keys of an operator", { StringEquals: { a: "1", b: "2" } }, { a: "1", b: "3" }, false],
  ["all operators", { StringEquals: { a: "1" }, Null: { b: "true" } }, { a: "1", b: "3" }, false],
  ["ForAnyValue", { "ForAnyValue:StringEquals": { k: ["a"] } }, { k: ["b", "a"] }, true],
  ["ForAnyValue of none", { "ForAnyValue:StringEquals": { k: ["a"] } }, {}, false],
  ["ForAllValues", { "ForAllValues:StringEquals": { k: ["a"] } }, { k: ["b", "a"] }, false],
  ["ForAllValues of none", { "ForAllValues:StringEquals": { k: ["a"] } }, {}, true],
])("%s", (_name, conditions, context, holds) => {
  expect(isConditionMet(conditions, context)).toBe(holds);
});
