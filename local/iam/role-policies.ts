import { AwsError } from "../aws-error.ts";
import { policyIn } from "./policy.ts";
import type { Principals } from "./principals.ts";

/** IAM's calls that change the policies of a role. moto carries them out; then `Principals` has the changed policies. */
export class RolePolicies {
  readonly #principals: Principals;
  readonly #upstream: (parameters: URLSearchParams) => Promise<string>;

  constructor(principals: Principals, upstream: (parameters: URLSearchParams) => Promise<string>) {
    this.#principals = principals;
    this.#upstream = upstream;
  }

  /** Carries out such a call; undefined for any other call. */
  call(parameters: URLSearchParams): Promise<string> | undefined {
    const text = (name: string): string => parameters.get(name) ?? "";
    const [role, name] = [text("RoleName"), text("PolicyName")];
    switch (text("Action")) {
      case "PutRolePolicy": {
        const policy = policyIn(text("PolicyDocument"));
        return this.#after(parameters, () => this.#principals.putRolePolicy(role, name, policy));
      }
      case "DeleteRolePolicy":
        return this.#after(parameters, () => this.#principals.deleteRolePolicy(role, name));
      case "DeleteRole":
        return this.#after(parameters, () => this.#principals.deleteRole(role));
      default:
        return undefined;
    }
  }

  /** Whether moto keeps a role of that name. */
  async has(RoleName: string): Promise<boolean> {
    const call = new URLSearchParams({ Action: "GetRole", Version: "2010-05-08", RoleName });
    return await this.#upstream(call).then(
      () => true,
      (error: unknown) => {
        if (error instanceof AwsError && error.code === "NoSuchEntity") return false;
        throw error;
      },
    );
  }

  async #after(parameters: URLSearchParams, change: () => void): Promise<string> {
    const answer = await this.#upstream(parameters);
    change();
    return answer;
  }
}
