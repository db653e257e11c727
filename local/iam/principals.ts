import { randomBytes } from "node:crypto";
import type { Asker } from "./decide.ts";
import { readPolicy, type Policy } from "./policy.ts";

/** An access key as a client has it. */
export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary keys. */
  readonly sessionToken?: string;
}

/** Of an exec agent without a task role. */
export const NOBODY: Keys = { accessKeyId: "exec-agent", secretAccessKey: "exec-agent" };

/** Who signs with an access key. */
export interface KeyOwner extends Asker {
  readonly keys: Keys;
}

/** Temporary keys and the session that they are of. */
export interface SessionKeys extends Keys {
  readonly roleArn: string;
  readonly sessionName: string;
}

export interface UserOptions {
  /** All rights unless given. */
  readonly policies?: readonly unknown[] | undefined;
  /** Our own unless given. */
  readonly account?: string;
  /** New ones unless given. */
  readonly keys?: Keys;
}

const everything: Policy = {
  Version: "2012-10-17",
  Statement: { Effect: "Allow", Action: "*", Resource: "*" },
};

/** Every user, role and access key there is. A role that no policies were given for may do anything. */
export class Principals {
  readonly #accountId: string;
  /** The temporary keys that were given out. */
  readonly #sessions: { find(accessKeyId: string): SessionKeys | undefined };
  readonly #users = new Map<string, KeyOwner>();
  readonly #roles = new Map<string, readonly Policy[]>();

  constructor(accountId: string, sessions: { find(accessKeyId: string): SessionKeys | undefined }) {
    this.#accountId = accountId;
    this.#sessions = sessions;
  }

  /** A user, who may do what the policies say. Gives back the user's keys. */
  addUser(
    name: string,
    { policies = [everything], account = this.#accountId, keys = newKeys() }: UserOptions = {},
  ): Keys {
    const arn = `arn:aws:iam::${account}:user/${name}`;
    this.#users.set(keys.accessKeyId, { arn, account, policies: policies.map(readPolicy), keys });
    return keys;
  }

  /** What a role may do from now on, in all of its sessions. */
  setRole(name: string, policies: readonly unknown[]): void {
    this.#roles.set(name, policies.map(readPolicy));
  }

  /** Undefined for a key that nobody has. */
  find(accessKeyId: string): KeyOwner | undefined {
    const user = this.#users.get(accessKeyId);
    if (user !== undefined) return user;
    const keys = this.#sessions.find(accessKeyId);
    return keys && { ...this.session(keys.roleArn, keys.sessionName), keys };
  }

  /** A session of a role, with or without keys. */
  session(roleArn: string, sessionName: string): Asker {
    const [, account = "", name = ""] = /^arn:[^:]+:iam::(\d+):role\/(?:.*\/)?([^/]+)$/.exec(roleArn) ?? [];
    const arn = `arn:aws:sts::${account}:assumed-role/${name}/${sessionName}`;
    return { arn, roleArn, account, policies: this.#roles.get(name) ?? [everything] };
  }
}

function newKeys(): Keys {
  return {
    accessKeyId: `AKIA${randomBytes(8).toString("hex").toUpperCase()}`,
    secretAccessKey: randomBytes(20).toString("hex"),
  };
}
