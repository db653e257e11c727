import { randomUUID } from "node:crypto";
import { AwsError } from "../aws-error.ts";
import { callQueryApi, textsOf } from "../query-api.ts";
import type { Endpoint } from "../signed-fetch.ts";
import { type Claims, type IdTokens, ISSUER } from "./id-tokens.ts";
import { type KeyRing, type TemporaryKeys } from "./keys.ts";
import { type Assumer, isTrusted, mayAssume, type TrustPolicy } from "./trust.ts";

export interface StsOptions {
  /** moto, which keeps the roles and the OpenID Connect providers, and checks neither. */
  readonly moto: Endpoint;
  readonly accountId: string;
  readonly idTokens: IdTokens;
  readonly keys: KeyRing;
  /** How long keys are valid when the call names no duration, in seconds. */
  readonly sessionSeconds: number;
}

/** The calls of STS that issue keys, with the checks that moto leaves out. */
export class Sts {
  readonly #options: StsOptions;

  constructor(options: StsOptions) {
    this.#options = options;
  }

  /** Answers AssumeRole and AssumeRoleWithWebIdentity with XML; undefined for a call that moto answers. */
  operation(parameters: URLSearchParams, caller: Assumer | undefined): Promise<string> | undefined {
    const action = parameters.get("Action");
    if (action === "AssumeRole" && caller !== undefined) return this.#assumeRole(parameters, caller);
    return action === "AssumeRoleWithWebIdentity" ? this.#assumeRoleWithWebIdentity(parameters) : undefined;
  }

  async #assumeRole(parameters: URLSearchParams, caller: Assumer): Promise<string> {
    const roleArn = parameters.get("RoleArn") ?? "";
    const policy = await this.#trustPolicy(roleArn);
    if (policy === undefined || !mayAssume(policy, caller, parameters.get("ExternalId") ?? undefined)) {
      const words = `User: ${caller.arn} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`;
      throw new AwsError("AccessDenied", words, 403);
    }
    return answer("AssumeRole", await this.#issueFor(parameters));
  }

  /** Keys for the session that a call asks for. */
  async #issueFor(parameters: URLSearchParams): Promise<TemporaryKeys> {
    const seconds = parameters.get("DurationSeconds");
    if (seconds !== null && !/^\d{1,5}$/.test(seconds))
      throw new AwsError(
        "ValidationError",
        `Value '${seconds}' at 'durationSeconds' is no number of seconds`,
      );
    const [role, session] = [parameters.get("RoleArn") ?? "", parameters.get("RoleSessionName") ?? ""];
    return await this.issue(role, session, seconds === null ? undefined : Number(seconds));
  }

  /** Issues keys for a session of a role. moto makes them, and so knows them. */
  async issue(
    roleArn: string,
    sessionName: string,
    seconds = this.#options.sessionSeconds,
  ): Promise<TemporaryKeys> {
    const { moto, keys } = this.#options;
    const parameters = { RoleArn: roleArn, RoleSessionName: sessionName, Version: "2011-06-15" };
    const xml = await callQueryApi(moto, "sts", { Action: "AssumeRole", ...parameters });
    const text = (element: string): string => textsOf(xml, element)[0] ?? "";
    return keys.add({
      accessKeyId: text("AccessKeyId"),
      secretAccessKey: text("SecretAccessKey"),
      sessionToken: text("SessionToken"),
      expiration: Date.now() + seconds * 1000,
      roleArn,
      sessionName,
    });
  }

  async #assumeRoleWithWebIdentity(parameters: URLSearchParams): Promise<string> {
    const roleArn = parameters.get("RoleArn") ?? "";
    const claims = this.#validClaims(parameters.get("WebIdentityToken") ?? "");
    const provider = { arn: this.#providerArn, host: new URL(ISSUER).host };
    const audiences = await this.#audiences();
    if (audiences === undefined)
      throw invalidToken(`No OpenIDConnect provider found in your account for ${ISSUER}`);
    if (!audiences.includes(String(claims["aud"]))) throw invalidToken("Incorrect token audience");
    const policy = await this.#trustPolicy(roleArn);
    if (policy === undefined || !isTrusted(policy, provider, claims))
      throw new AwsError("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", 403);
    return answer("AssumeRoleWithWebIdentity", await this.#issueFor(parameters), claims);
  }

  #validClaims(token: string): Claims {
    const claims = this.#options.idTokens.claimsOf(token);
    if (claims === undefined)
      throw invalidToken(
        "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
      );
    const [now, end] = [Math.floor(Date.now() / 1000), Number(claims["exp"])];
    if (now >= end) {
      const message = `Token expired: current date/time ${now} must be before the expiration date/time ${end}`;
      throw new AwsError("ExpiredTokenException", message);
    }
    return claims;
  }

  get #providerArn(): string {
    return `arn:aws:iam::${this.#options.accountId}:oidc-provider/${new URL(ISSUER).host}`;
  }

  /** The client ids of the provider in IAM; undefined without a provider. */
  async #audiences(): Promise<readonly string[] | undefined> {
    const xml = await this.#iam("GetOpenIDConnectProvider", { OpenIDConnectProviderArn: this.#providerArn });
    return xml === undefined ? undefined : textsOf(xml, "member");
  }

  async #trustPolicy(roleArn: string): Promise<TrustPolicy | undefined> {
    const xml = await this.#iam("GetRole", { RoleName: roleArn.split("/").at(-1) ?? "" });
    if (xml === undefined || !textsOf(xml, "Arn").includes(roleArn)) return undefined;
    const [document = "{}"] = textsOf(xml, "AssumeRolePolicyDocument");
    return JSON.parse(decodeURIComponent(document)) as TrustPolicy;
  }

  /** Makes a call to moto's IAM; undefined when what it asks for does not exist. */
  async #iam(action: string, parameters: Readonly<Record<string, string>>): Promise<string | undefined> {
    const call = { Action: action, Version: "2010-05-08", ...parameters };
    return await callQueryApi(this.#options.moto, "iam", call).catch((error: unknown) => {
      if (String(error).includes("NoSuchEntity")) return undefined;
      throw error;
    });
  }
}

function invalidToken(message: string): AwsError {
  return new AwsError("InvalidIdentityToken", message);
}

/** The answer to a call that issues keys, with the claims of the web identity where there is one. */
function answer(call: string, keys: TemporaryKeys, claims?: Claims): string {
  const { roleArn, sessionName } = keys;
  const arn = `${roleArn.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/")}/${sessionName}`;
  const identity = claims
    ? `<SubjectFromWebIdentityToken>${String(claims["sub"])}</SubjectFromWebIdentityToken>
    <Audience>${String(claims["aud"])}</Audience>
    <Provider>${ISSUER}</Provider>`
    : "";
  return `<${call}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <${call}Result>
    ${identity}
    <AssumedRoleUser><Arn>${arn}</Arn><AssumedRoleId>AROAEXAMPLE:${sessionName}</AssumedRoleId></AssumedRoleUser>
    <Credentials>
      <AccessKeyId>${keys.accessKeyId}</AccessKeyId>
      <SecretAccessKey>${keys.secretAccessKey}</SecretAccessKey>
      <SessionToken>${keys.sessionToken}</SessionToken>
      <Expiration>${new Date(keys.expiration).toISOString()}</Expiration>
    </Credentials>
  </${call}Result>
  <ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata>
</${call}Response>`;
}
