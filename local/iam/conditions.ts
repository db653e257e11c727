import { isMatch } from "./wildcards.ts";

/** The condition keys of one request, by name. A key that the request lacks is undefined. */
export type Context = Readonly<Record<string, string | readonly string[] | undefined>>;

/** The wanted values of a statement's conditions, by operator, then by key. */
export type Conditions = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;

type Test = (wanted: string, actual: string) => boolean;

const arnLike: Test = (wanted, actual) => {
  const [patterns, parts] = [arnParts(wanted), arnParts(actual)];
  return patterns.length === parts.length && patterns.every((part, at) => isMatch(part, parts[at] ?? ""));
};

/** The operators that hold when one of the wanted values matches. */
const operators: Readonly<Record<string, Test>> = {
  StringEquals: (wanted, actual) => wanted === actual,
  StringEqualsIgnoreCase: (wanted, actual) => wanted.toLowerCase() === actual.toLowerCase(),
  StringLike: isMatch,
  // "The ArnEquals and ArnLike condition operators behave identically" (IAM, condition operators).
  ArnEquals: arnLike,
  ArnLike: arnLike,
  Bool: (wanted, actual) => wanted.toLowerCase() === actual.toLowerCase(),
  NumericEquals: (wanted, actual) => Number(actual) === Number(wanted),
  NumericLessThan: (wanted, actual) => Number(actual) < Number(wanted),
  NumericLessThanEquals: (wanted, actual) => Number(actual) <= Number(wanted),
  NumericGreaterThan: (wanted, actual) => Number(actual) > Number(wanted),
  NumericGreaterThanEquals: (wanted, actual) => Number(actual) >= Number(wanted),
};

/** The operators that hold when none of the wanted values matches, each with the operator that it negates. */
const negated: Readonly<Record<string, string>> = {
  StringNotEquals: "StringEquals",
  StringNotEqualsIgnoreCase: "StringEqualsIgnoreCase",
  StringNotLike: "StringLike",
  ArnNotEquals: "ArnEquals",
  ArnNotLike: "ArnLike",
  NumericNotEquals: "NumericEquals",
};

interface Operator {
  readonly quantifier: string | undefined;
  readonly name: string;
  readonly ifExists: boolean;
}

function parse(operator: string): Operator {
  const [, quantifier, name = "", suffix] =
    /^(?:(ForAnyValue|ForAllValues):)?(\w+?)(IfExists)?$/.exec(operator) ?? [];
  return { quantifier, name, ifExists: suffix !== undefined };
}

export function isOperator(operator: string): boolean {
  const { name } = parse(operator);
  return name === "Null" || Object.hasOwn(operators, name) || Object.hasOwn(negated, name);
}

/** Whether the conditions hold: for all of their operators and keys. */
export function isConditionMet(conditions: Conditions, context: Context): boolean {
  const lowered = new Map(Object.entries(context).map(([key, value]) => [key.toLowerCase(), value]));
  return Object.entries(conditions).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) =>
      isMet(parse(operator), asList(wanted), lowered.get(key.toLowerCase())),
    ),
  );
}

function isMet(
  { quantifier, name, ifExists }: Operator,
  wanted: readonly string[],
  value: string | readonly string[] | undefined,
): boolean {
  if (name === "Null") return wanted.includes(String(value === undefined));
  const denied = negated[name];
  if (value === undefined) {
    // Without a value a negated operator holds, and a quantifier has nothing to compare.
    if (quantifier !== undefined) return quantifier === "ForAllValues";
    return ifExists || denied !== undefined;
  }
  const test = operators[denied ?? name];
  if (test === undefined) throw new Error(`the condition operator '${name}' is not known here`);
  const isWanted = (actual: string): boolean =>
    wanted.some((one) => test(one, actual)) === (denied === undefined);
  const actual = asList(value);
  return quantifier === "ForAnyValue" ? actual.some(isWanted) : actual.every(isWanted);
}

function asList(value: string | readonly string[]): readonly string[] {
  return typeof value === "string" ? [value] : value;
}

/** The six parts of an ARN; the last one may hold colons. */
function arnParts(arn: string): readonly string[] {
  const parts = arn.split(":");
  return [...parts.slice(0, 5), parts.slice(5).join(":")];
}
