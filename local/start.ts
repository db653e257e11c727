import { randomBytes } from "node:crypto";
import { noFaults } from "./agent/agent.ts";
import { AwsError } from "./aws-error.ts";
import type { Ecs } from "./ecs/ecs.ts";
import { ecsOperation } from "./ecs/operations.ts";
import { Records } from "./ecs/records.ts";
import type { ServiceDeployment } from "./ecs/deployments/service-deployment.ts";
import { Services } from "./ecs/services.ts";
import { CloudFormation } from "./cloudformation/cloudformation.ts";
import { Faults, type Fault } from "./faults.ts";
import { bodiesUpTo, MOST_RECORDED, type RecordedRequest } from "./front/requests.ts";
import { Front, ID_TOKEN_PATH } from "./front.ts";
import type { Tag } from "./ecs-shapes.ts";
import { Gateway } from "./gateway/gateway.ts";
import { keyOfAlias } from "./iam/aliases.ts";
import { Iam } from "./iam/iam.ts";
import { type Keys, NO_ROLE_KEYS } from "./keys.ts";
import { startMoto } from "./moto.ts";
import { calm, obey, type OrderTargets, type Orders, readOrders } from "./orders.ts";
import { settingsFrom, type LocalOptions } from "./options.ts";
import { platformOf } from "./platform.ts";
import { callQueryApi } from "./query-api.ts";
import { S3Regions } from "./s3-regions.ts";
import { sessionManager } from "./session-manager.ts";
import type { Endpoint } from "./signed-fetch.ts";
import { IdTokens } from "./sts/id-tokens.ts";
import { KeyRing, keysEnvironment } from "./sts/keys.ts";
import { Sts } from "./sts/sts.ts";
import { credentials, roleKeys } from "./task/credentials.ts";
import { asRoot } from "./task/isolate.ts";
import { metadata } from "./task/metadata.ts";
import { whyNoPodman } from "./task/podman.ts";
import { Task } from "./task/task.ts";
import { Throttle } from "./throttle.ts";

/** The keys of calls to moto, which checks none. */
const MOTO_KEYS: Keys = { accessKeyId: "moto", secretAccessKey: "moto" };

/** A running local Fargate: the parts of AWS that this action needs, on this machine. */
export interface LocalFargate {
  /** `http://127.0.0.1:PORT`, the endpoint of every service. */
  readonly url: string;
  readonly region: string;
  readonly accountId: string;
  /** Users, roles and buckets, with their policies. */
  readonly iam: Iam;
  /** The key of a user with all rights. Like all keys and tokens, it is a new one at each start. */
  readonly admin: Keys;
  /** The endpoint of every service, with the admin's keys. */
  readonly asAdmin: Endpoint;
  /** What a request to `/_local/faults` or `/_local/sessions` needs: `Authorization: Bearer TOKEN`. */
  readonly controlToken: string;
  /** The environment for an AWS client that calls it as the user `local`. */
  readonly env: Readonly<Record<string, string>>;
  /** The variables that a job with `permissions: id-token: write` has in addition. */
  readonly idTokenEnv: Readonly<Record<string, string>>;
  /** GitHub's OpenID Connect provider. */
  readonly idTokens: IdTokens;
  /** The variables that an earlier step exports for a role's session of this many seconds. The session is not renewed. */
  sessionEnv(roleArn: string, seconds: number): Promise<Record<string, string>>;
  /** Makes the keys in such an environment expire at once. */
  expireKeys(env: Readonly<Record<string, string>>): void;
  /** Every call so far. */
  readonly requests: readonly RecordedRequest[];
  /** Every task so far, including stopped ones, in the order of their start. */
  readonly tasks: readonly Task[];
  /** Every deployment of a service so far, the oldest first. */
  readonly serviceDeployments: readonly ServiceDeployment[];
  readonly gateway: Gateway;
  /** Makes calls fail from now on, as the fault says. */
  fail(fault: Fault): void;
  /** Begins faults, as `POST /_local/faults` does. Rejects when a task or container does not exist. */
  inject(orders: Orders): Promise<void>;
  /** Ends all faults, as `DELETE /_local/faults` does. Killed processes stay dead. */
  calm(): void;
  /** Kills the tasks and frees the port. Leaves no process and no file. */
  stop(): Promise<void>;
}

/**
 * Starts the local Fargate on a free port. Its processes die with the calling process, even when that process is killed. `node
 * local/setup.ts` must have been run before.
 */
export async function startLocalFargate(options: LocalOptions = {}): Promise<LocalFargate> {
  const settings = settingsFrom(options);
  const { region, accountId, log } = settings;
  if (!asRoot) {
    log(
      "not root: containers are isolated by user namespaces, where root is the only user and `user` cannot work",
    );
  }
  const why = settings.runtime === "podman" ? whyNoPodman() : undefined;
  if (why !== undefined) throw new Error(`Podman with runc can't run containers on this machine: ${why}`);
  const motoServer = await startMoto();
  const { socketPath } = motoServer;
  const moto: Endpoint = { url: "http://localhost", region, keys: MOTO_KEYS, socketPath };
  const controlToken = randomBytes(24).toString("base64url");
  const requests: RecordedRequest[] = [];
  const mayKeep = bodiesUpTo(MOST_RECORDED);
  const tasks = new Map<string, Task>();
  const faults = new Faults();
  const throttle = new Throttle();
  const keys = new KeyRing();
  const idTokens = new IdTokens();
  const sts = new Sts({
    ...{ moto, accountId, idTokens, keys },
    sessionSeconds: settings.roleSessionSeconds,
  });
  const records = new Records(moto);
  const tagsOfTask = (reference: string): readonly Tag[] =>
    [...tasks.values()].find(({ id, arn }) => reference === arn || reference === id)?.tags ?? [];
  const aliased = (alias: string): Promise<string | undefined> => keyOfAlias(alias, moto);
  const iam = new Iam({ region, accountId, records, tagsOfTask, keyOfAlias: aliased }, keys, (parameters) =>
    callQueryApi(moto, "iam", Object.fromEntries(parameters)),
  );
  const [caller, admin] = [iam.principals.addUser("local"), iam.principals.addUser("admin")];
  const regions = new S3Regions(moto);
  const gateway: Gateway = new Gateway({
    ...options.gateway,
    baseUrl: () =>
      settings.names === "aws" ? `wss://ssmmessages.${region}.amazonaws.com` : `ws://${front.host}`,
    signers: {
      region,
      secretOf: (id) => secretOf(id, keys, iam),
      canOpen: (id, session) => iam.canOpen(id, session),
    },
    log,
  });
  const agents = noFaults();
  const ordered: OrderTargets = { faults, gateway, agents, tasks };
  await obey(options.faults ?? {}, ordered);
  const platform = platformOf({
    ...{ settings, moto, url: () => `http://${front.host}` },
    ...{ gateway, faults: agents, iam, sts },
  });
  const ecs: Ecs = {
    settings,
    records,
    tasks,
    tokens: new Map(),
    asTask: async (task) => {
      const at = { endpoint: `http://${front.host}`, region };
      const credentials = await roleKeys(task, sts);
      if (credentials === undefined) return at;
      const { accessKeyId, secretAccessKey, sessionToken } = credentials;
      return { ...at, credentials: { accessKeyId, secretAccessKey, sessionToken } };
    },
    mayLaunch: (count) => !settings.throttle || throttle.mayLaunch(count, Date.now()),
    createSession: (target) => gateway.createSession(target),
    launch: (plan) => {
      const task = new Task(plan, platform);
      tasks.set(task.arn, task);
      return task;
    },
  };
  const services = new Services(ecs);
  const cloudFormation = new CloudFormation({ endpoint: () => `http://${front.host}`, region, accountId });
  const front: Front = new Front({
    delay: settings.delays.call,
    awsNames: settings.names === "aws",
    upstream: socketPath,
    controlToken,
    gateway,
    onRequest: (request, bodyBytes) => {
      requests.push(mayKeep(bodyBytes) ? request : { ...request, body: undefined });
      const trouble = faults.take(request);
      if (trouble !== undefined) return trouble;
      if (
        settings.throttle &&
        request.service === "ecs" &&
        !throttle.mayCall(request.operation, request.at)
      ) {
        throw new AwsError("ThrottlingException", "Rate exceeded");
      }
      return undefined;
    },
    operation: (service, operation, body) => {
      if (service === "ecs") return ecsOperation(ecs, services, operation, body);
      if (service !== "ssm") return undefined;
      const at = { region, accountId };
      const answer = sessionManager(gateway, at, operation, body);
      return answer && Promise.resolve(answer);
    },
    query: ({ service, key }, parameters) => {
      if (service !== "cloudformation")
        return sts.operation(parameters, iam.principals.find(key)) ?? iam.query(parameters, key);
      return cloudFormation.answer(parameters, iam.principals.find(key)?.keys ?? NO_ROLE_KEYS);
    },
    admit: (call) => iam.admit(call),
    elsewhere: (request) => regions.elsewhere(request),
    s3: (call, body) => iam.s3(call, body),
    idToken: (authorization, audience) => idTokens.answer(authorization, audience),
    platform: async (path) =>
      metadata(tasks.values(), path) ?? (await credentials(tasks.values(), path, sts)),
    control: async (method, path, body) => {
      if (path === "/_local/sessions" && method === "GET") return gateway.sessions;
      if (path !== "/_local/faults") return undefined;
      if (method === "POST") await obey(readOrders(body), ordered);
      else if (method === "DELETE") calm(ordered);
      else return undefined;
      return {};
    },
  });
  await front.listen();
  const url = `http://${front.host}`;
  return {
    url,
    region,
    accountId,
    iam,
    admin,
    asAdmin: { url, region, keys: admin },
    controlToken,
    env: {
      AWS_ENDPOINT_URL: url,
      AWS_ACCESS_KEY_ID: caller.accessKeyId,
      AWS_SECRET_ACCESS_KEY: caller.secretAccessKey,
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
    },
    idTokenEnv: {
      ACTIONS_ID_TOKEN_REQUEST_URL: `${url}${ID_TOKEN_PATH}?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: idTokens.requestToken,
    },
    idTokens,
    sessionEnv: async (roleArn, seconds) =>
      keysEnvironment(await sts.issue(roleArn, "a-step-before", seconds)),
    expireKeys: (env) => keys.expire(env["AWS_ACCESS_KEY_ID"] ?? "", Date.now()),
    requests,
    get serviceDeployments() {
      return services.serviceDeployments;
    },
    get tasks() {
      return [...tasks.values()];
    },
    gateway,
    fail: (fault) => faults.add(fault),
    inject: (orders) => obey(orders, ordered),
    calm: () => calm(ordered),
    stop: async () => {
      services.close();
      await Promise.all([...tasks.values()].map((task) => task.destroy()));
      gateway.close();
      await front.close();
      await motoServer.stop();
    },
  };
}

/** The secret of a key that is still valid; undefined for other keys. */
function secretOf(id: string, keys: KeyRing, iam: Iam): string | undefined {
  const over = keys.find(id)?.expiration ?? Infinity;
  return Date.now() < over ? iam.principals.find(id)?.keys.secretAccessKey : undefined;
}
