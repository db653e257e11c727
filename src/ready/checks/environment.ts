import { BlockList, isIPv4 } from "node:net";
import { type ContainerDefinition, NO_PROXY_NAMES, noProxyIn } from "../../aws/task-definition.ts";
import { isRecord } from "../../values.ts";
import { check, checkKnown, type Check, passedCheck, skippedCheck } from "./check.ts";
import type { CheckFacts } from "./facts.ts";

/** The part of a container's definition that `overrides` of RunTask may add to. */
type Environment = Pick<ContainerDefinition, "environmentNames" | "noProxy">;

/** The checks of amazon-ecs-exec-checker that need the container's environment. Variables of the input `overrides` belong to it. */
export function checkEnvironment(facts: CheckFacts): readonly Check[] {
  const own = environmentOf(facts);
  return [staticCredentials(own), proxy(own)];
}

/** Undefined when the caller may not read the task definition, or when it has no such container. */
function environmentOf({ definition, container, start }: CheckFacts): Environment | undefined {
  const own = definition?.containers.find(({ name }) => name === container);
  if (own === undefined) return undefined;
  const overriding = overridingVariables(start?.overrides["containerOverrides"], container);
  return {
    environmentNames: [...new Set([...own.environmentNames, ...overriding.map(([name]) => name)])],
    noProxy: { ...own.noProxy, ...noProxyIn(overriding) },
  };
}

/** The names and values that `containerOverrides` sets; ECS reports any other shape itself. */
function overridingVariables(given: unknown, container: string): readonly (readonly [string, string])[] {
  const overrides: readonly unknown[] = Array.isArray(given) ? given : [];
  return overrides.flatMap((item) => {
    if (!isRecord(item) || item["name"] !== container || !Array.isArray(item["environment"])) return [];
    return (item["environment"] as readonly unknown[]).flatMap((variable) => {
      if (!isRecord(variable) || typeof variable["name"] !== "string") return [];
      const { name, value } = variable;
      return [[name, typeof value === "string" ? value : ""] as const];
    });
  });
}

function staticCredentials(own: Environment | undefined): Check {
  const keys = namesIn(own, /^AWS_(ACCESS_KEY(_ID)?|SECRET_ACCESS_KEY)$/);
  return checkKnown(
    "static credentials",
    own,
    keys.length === 0,
    keys.length > 0
      ? `the environment sets ${keys.join(", ")}, which the agent takes instead of the task role's`
      : "the environment sets none",
    "Take them out of the container's definition, and out of 'overrides', and give the task role their rights.",
  );
}

/** The addresses at which the agent gets its credentials. */
const CREDENTIAL_HOSTS = ["169.254.169.254", "169.254.170.2"];

const PROXY_FIX = "Set NO_PROXY to 169.254.169.254,169.254.170.2 as well, or the agent gets no credentials.";

function proxy(own: Environment | undefined): Check {
  const proxies = namesIn(own, /^HTTPS?_PROXY$/i);
  if (own === undefined || proxies.length === 0)
    return checkKnown("proxy", own, true, "the environment sets none", PROXY_FIX);
  const seen = `the environment sets ${proxies.join(", ")}`;
  // The agent uses Go's net/http, which takes the first of these variables that is not empty.
  const present = NO_PROXY_NAMES.filter((name) => own.environmentNames.includes(name));
  const first = present.find((name) => own.noProxy[name] !== "");
  const spared = first === undefined ? [] : own.noProxy[first]?.split(",");
  if (spared === undefined)
    return skippedCheck("proxy", `${seen}, and ${String(first)} by a secret, which is not read`);
  const through = CREDENTIAL_HOSTS.filter((host) => !isSpared(host, spared));
  if (through.length === 0)
    return passedCheck("proxy", `${seen}, and ${String(first)} spares the credentials`);
  return check(
    "proxy",
    false,
    `${seen}, and ${first === undefined ? "no NO_PROXY" : `${first} without ${through.join(" and ")}`}`,
    PROXY_FIX,
  );
}

function namesIn(own: Environment | undefined, pattern: RegExp): readonly string[] {
  return own?.environmentNames.filter((name) => pattern.test(name)) ?? [];
}

/**
 * Whether the items of NO_PROXY spare requests to port 80 of this address: one names the address, a network around it, or all
 * hosts by `*` alone (golang.org/x/net/http/httpproxy). No other wildcard matches an address there, nor in curl.
 */
function isSpared(host: string, items: readonly string[]): boolean {
  return items.some((item) => {
    const one = item.trim();
    return one === "*" || one.replace(/:80$/, "") === host || isAround(one, host);
  });
}

function isAround(network: string, host: string): boolean {
  const [, address = "", bits = ""] = /^([\d.]+)\/(\d{1,2})$/.exec(network) ?? [];
  if (!isIPv4(address) || Number(bits) > 32) return false;
  const hosts = new BlockList();
  hosts.addSubnet(address, Number(bits));
  return hosts.check(host);
}
