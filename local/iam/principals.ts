import { randomBytes } from "node:crypto";
import type { Keys } from "../keys.ts";
import type { IamCaller } from "./decide.ts";
import { readPolicy, type Policy } from "./policy.ts";

/** The owner of an access key. */
export interface KeyOwner extends IamCaller {
  readonly keys: Keys;
}

/** Temporary keys and their session. */
export interface SessionKeys extends Keys {
  readonly roleArn: string;
  readonly sessionName: string;
}

export interface UserOptions {
  /** The user's policies; all rights unless given. */
  readonly policies?: readonly unknown[] | undefined;
  /** The local account unless given. */
  readonly account?: string;
  /** New keys unless given. */
  readonly keys?: Keys;
}

/** The policies of a role's session, by the session's name. */
export type PoliciesOfSession = (session: string) => readonly Policy[];

const everything: Policy = {
  Version: "2012-10-17",
  Statement: { Effect: "Allow", Action: "*", Resource: "*" },
};

/** All users, roles and access keys. A role without given policies has all rights. */
export class Principals {
  readonly #accountId: string;
  /** The temporary keys that were given out. */
  readonly #sessions: { find(accessKeyId: string): SessionKeys | undefined };
  readonly #users = new Map<string, KeyOwner>();
  /** The keys that UpdateAccessKey or DeleteAccessKey has made useless. */
  readonly #inactive = new Set<string>();
  /** For each user with policies of IAM's own these policies, by their names. */
  readonly #userPolicies = new Map<string, ReadonlyMap<string, Policy>>();
  /** For each role its policies, by their names. */
  readonly #roles = new Map<string, ReadonlyMap<string, Policy>>();
  /** For each role whose sessions have policies of their own, the function that gives them. */
  readonly #sessionPolicies = new Map<string, PoliciesOfSession>();

  constructor(accountId: string, sessions: { find(accessKeyId: string): SessionKeys | undefined }) {
    this.#accountId = accountId;
    this.#sessions = sessions;
  }

  /** Adds a user with these policies. Returns the user's keys. */
  addUser(
    name: string,
    { policies = [everything], account = this.#accountId, keys = newKeys() }: UserOptions = {},
  ): Keys {
    const arn = `arn:aws:iam::${account}:user/${name}`;
    this.#users.set(keys.accessKeyId, { arn, account, policies: policies.map(readPolicy), keys });
    return keys;
  }

  /** Sets the policies of a role, for all of its sessions from now on. */
  setRole(name: string, policies: readonly unknown[]): void {
    this.#sessionPolicies.delete(name);
    this.#roles.set(name, new Map(policies.map((policy, i) => [String(i), readPolicy(policy)])));
  }

  /**
   * Gives each session of a role policies of its own, as if each had another role. AWS's roles can't do that; it is for tests
   * that share a task definition. The name of a task's session is the task's id.
   */
  setSessions(role: string, policiesOf: PoliciesOfSession): void {
    this.#sessionPolicies.set(role, policiesOf);
  }

  /** Gives a role one more policy, as PutRolePolicy does. From the first one on, the role no longer has all rights. */
  putRolePolicy(role: string, name: string, policy: Policy): void {
    this.#roles.set(role, new Map([...(this.#roles.get(role) ?? []), [name, policy]]));
  }

  /** Takes a policy from a role. */
  deleteRolePolicy(role: string, name: string): void {
    const others = [...(this.#roles.get(role) ?? [])].filter(([one]) => one !== name);
    this.#roles.set(role, new Map(others));
  }

  /** Gives a user one more policy, as PutUserPolicy does. From the first one on, the user no longer has all rights. */
  putUserPolicy(user: string, name: string, policy: Policy): void {
    this.#userPolicies.set(user, new Map([...(this.#userPolicies.get(user) ?? []), [name, policy]]));
  }

  /** Takes a policy from a user. */
  deleteUserPolicy(user: string, name: string): void {
    const others = [...(this.#userPolicies.get(user) ?? [])].filter(([one]) => one !== name);
    this.#userPolicies.set(user, new Map(others));
  }

  /** Makes a user's key useless, or useful again. */
  setKeyActive(accessKeyId: string, active: boolean): void {
    if (active) this.#inactive.delete(accessKeyId);
    else this.#inactive.add(accessKeyId);
  }

  /** Whether a role was given policies. */
  hasRole(name: string): boolean {
    return this.#roles.has(name);
  }

  /** Forgets the policies of a role that has been deleted. */
  deleteRole(name: string): void {
    this.#roles.delete(name);
  }

  /** The owner of a key; undefined for an unknown key. */
  find(accessKeyId: string): KeyOwner | undefined {
    if (this.#inactive.has(accessKeyId)) return undefined;
    const user = this.#users.get(accessKeyId);
    if (user !== undefined) return this.#withPolicies(user);
    const keys = this.#sessions.find(accessKeyId);
    return keys && { ...this.session(keys.roleArn, keys.sessionName), keys };
  }

  /** The user with this ARN, or a session of the role with this ARN; undefined for an unknown user. */
  byArn(arn: string): IamCaller | undefined {
    if (/^arn:[^:]+:iam::\d+:role\//.test(arn)) return this.session(arn, "simulated");
    const user = [...this.#users.values()].find((one) => one.arn === arn);
    return user && this.#withPolicies(user);
  }

  #withPolicies(user: KeyOwner): KeyOwner {
    const given = this.#userPolicies.get(user.arn.split("/").at(-1) ?? "");
    return given === undefined ? user : { ...user, policies: [...given.values()] };
  }

  /** A session of a role, with or without keys. */
  session(roleArn: string, sessionName: string): IamCaller {
    const [, account = "", name = ""] = /^arn:[^:]+:iam::(\d+):role\/(?:.*\/)?([^/]+)$/.exec(roleArn) ?? [];
    const arn = `arn:aws:sts::${account}:assumed-role/${name}/${sessionName}`;
    const ofSession = this.#sessionPolicies.get(name)?.(sessionName);
    const policies = ofSession ?? [...(this.#roles.get(name)?.values() ?? [everything])];
    return { arn, roleArn, account, policies };
  }
}

function newKeys(): Keys {
  return {
    accessKeyId: `AKIA${randomBytes(8).toString("hex").toUpperCase()}`,
    secretAccessKey: randomBytes(20).toString("hex"),
  };
}
