import { textsOf } from "../query-api.ts";
import { policyIn } from "./policy.ts";
import type { Principals } from "./principals.ts";

/** IAM's calls on the keys and policies of users. moto carries them out; then `Principals` has the changes. */
export class AccessKeys {
  readonly #principals: Principals;
  readonly #upstream: (parameters: URLSearchParams) => Promise<string>;

  constructor(principals: Principals, upstream: (parameters: URLSearchParams) => Promise<string>) {
    this.#principals = principals;
    this.#upstream = upstream;
  }

  /** Carries out such a call of the owner of `key`; undefined for any other call. */
  call(parameters: URLSearchParams, key: string): Promise<string> | undefined {
    const text = (name: string): string => parameters.get(name) ?? "";
    const user = text("UserName") || this.#userOf(key);
    const given = new URLSearchParams([...parameters].filter(([name]) => name !== "UserName"));
    given.set("UserName", user);
    switch (text("Action")) {
      case "CreateAccessKey":
        return this.#create(given, user);
      case "DeleteAccessKey":
        return this.#after(given, () => this.#principals.setKeyActive(text("AccessKeyId"), false));
      case "UpdateAccessKey":
        return this.#after(given, () =>
          this.#principals.setKeyActive(text("AccessKeyId"), text("Status") === "Active"),
        );
      case "PutUserPolicy": {
        const policy = policyIn(text("PolicyDocument"));
        return this.#after(given, () => this.#principals.putUserPolicy(user, text("PolicyName"), policy));
      }
      case "DeleteUserPolicy":
        return this.#after(given, () => this.#principals.deleteUserPolicy(user, text("PolicyName")));
      default:
        return undefined;
    }
  }

  async #create(parameters: URLSearchParams, user: string): Promise<string> {
    const answer = await this.#upstream(parameters);
    const [[accessKeyId = ""], [secretAccessKey = ""]] = [
      textsOf(answer, "AccessKeyId"),
      textsOf(answer, "SecretAccessKey"),
    ];
    this.#principals.addUser(user, { keys: { accessKeyId, secretAccessKey } });
    return answer;
  }

  async #after(parameters: URLSearchParams, change: () => void): Promise<string> {
    const answer = await this.#upstream(parameters);
    change();
    return answer;
  }

  /** The name of the user who calls, whom a call without `UserName` concerns. */
  #userOf(key: string): string {
    return /:user\/(?:.*\/)?([^/]+)$/.exec(this.#principals.find(key)?.arn ?? "")?.[1] ?? "";
  }
}
