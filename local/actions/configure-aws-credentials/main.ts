/**
 * Assumes a role with GitHub's ID token as aws-actions/configure-aws-credentials v6 does, for a job that act runs against the
 * local Fargate. It refuses what the original refuses, and exports the same variables. It imports no other file, since act
 * copies this directory alone.
 */
import { appendFileSync } from "node:fs";

const { env } = process;

function input(name: string): string {
  return (env[`INPUT_${name.toUpperCase()}`] ?? "").trim();
}

/** A region as the original accepts it. */
const REGION = /^[a-z0-9-]+$/;

/** The inputs that this stand-in has; the original has more. */
const KNOWN = ["role-to-assume", "aws-region", "role-session-name", "role-duration-seconds"];

async function main(): Promise<void> {
  const given = Object.keys(env).flatMap((name) => /^INPUT_(.*)$/.exec(name)?.[1]?.toLowerCase() ?? []);
  const unknown = given.filter((name) => !KNOWN.includes(name));
  if (unknown.length > 0) throw new Error(`The stand-in has no inputs ${unknown.join(", ")}`);
  const region = input("aws-region");
  if (!REGION.test(region)) throw new Error(`Region is not valid: ${region}`);
  const role = input("role-to-assume");
  const token = await idToken();
  const answer = await fetch(env["AWS_ENDPOINT_URL"] ?? `https://sts.${region}.amazonaws.com`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({
      Action: "AssumeRoleWithWebIdentity",
      Version: "2011-06-15",
      RoleArn: role,
      RoleSessionName: input("role-session-name") || "GitHubActions",
      DurationSeconds: input("role-duration-seconds") || "3600",
      WebIdentityToken: token,
    }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`Could not assume role with OIDC: ${text}`);
  const found = (name: string): string => new RegExp(`<${name}>(.*?)</${name}>`).exec(text)?.[1] ?? "";
  for (const secret of [found("AccessKeyId"), found("SecretAccessKey"), found("SessionToken")])
    console.log(`::add-mask::${secret}`);
  const exported = {
    AWS_DEFAULT_REGION: region,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: found("AccessKeyId"),
    AWS_SECRET_ACCESS_KEY: found("SecretAccessKey"),
    AWS_SESSION_TOKEN: found("SessionToken"),
  };
  const lines = Object.entries(exported).map(([name, value]) => `${name}=${value}\n`);
  appendFileSync(env["GITHUB_ENV"] ?? "", lines.join(""));
}

/** Like `getIDToken` of @actions/core, whose errors the original passes on. */
async function idToken(): Promise<string> {
  const url = env["ACTIONS_ID_TOKEN_REQUEST_URL"];
  if (!url)
    throw new Error(
      "It looks like you might be trying to authenticate with OIDC. Did you mean to set the `id-token` permission?",
    );
  const answer = await fetch(`${url}&audience=sts.amazonaws.com`, {
    headers: { authorization: `Bearer ${env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] ?? ""}` },
  });
  if (!answer.ok) throw new Error(`Failed to get ID Token: ${answer.status}`);
  return ((await answer.json()) as { value: string }).value;
}

try {
  await main();
} catch (error) {
  console.log(`::error::${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
