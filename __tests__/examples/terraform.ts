import { execFileSync } from "node:child_process";
import { pathOfProgram } from "../helpers/virtual-environment.ts";

export type Value = string | number | boolean | readonly Value[] | { readonly [name: string]: Value };
/** The attributes of a block of Terraform, and the blocks within it as lists. */
export type Block = Readonly<Record<string, Value>>;

/** The blocks of a folder of Terraform files. */
export interface Configuration {
  readonly resources: readonly (readonly [address: string, block: Block])[];
  readonly documents: Readonly<Record<string, Block>>;
  readonly variables: Readonly<Record<string, Block>>;
  readonly outputs: Readonly<Record<string, Block>>;
}

const PARSER = `
import glob, json, sys, hcl2
files = [hcl2.load(open(name)) for name in sorted(glob.glob(sys.argv[1] + "/*.tf"))]
print(json.dumps(files))
`;
const PARSER_OF_AN_EXPRESSION = `
import json, sys, hcl2
print(json.dumps(hcl2.loads("it = " + sys.stdin.read() + "\\n")["it"]))
`;

type Parsed = Readonly<Record<string, readonly Readonly<Record<string, Parsed & Value>>[]>>;

/** Parses a folder with python-hcl2. `names` has the value of each expression that the files refer to, such as `var.name`. */
export function readTerraform(folder: string, names: Readonly<Record<string, Value>>): Configuration {
  const files = JSON.parse(python(PARSER, [folder])) as readonly Parsed[];
  const blocks = (kind: string) => files.flatMap((file) => file[kind] ?? []);
  const labelled = (kind: string): (readonly [string, Parsed & Value])[] =>
    blocks(kind).flatMap((block) =>
      Object.entries(block).map(([label, content]) => [unquote(label), content] as const),
    );
  const named = (kind: string): (readonly [string, Block])[] =>
    labelled(kind).flatMap(([type, content]) =>
      Object.entries(content).map(
        ([name, block]) => [`${type}.${unquote(name)}`, valueOf(block as never, names) as Block] as const,
      ),
    );
  const of = (kind: string) =>
    Object.fromEntries(labelled(kind).map(([name, block]) => [name, valueOf(block, names, true) as Block]));
  const documents = named("data").filter(([address]) => address.startsWith("aws_iam_policy_document."));
  return {
    resources: named("resource"),
    documents: Object.fromEntries(documents.map(([address, block]) => [address.split(".")[1] ?? "", block])),
    variables: of("variable"),
    outputs: of("output"),
  };
}

/**
 * A parsed value with all references in it replaced. The parser gives a literal in its quotes, and an expression as
 * `${expression}`. Throws for an expression without a value. If `lenient` is true, such an expression stays as it is.
 */
function valueOf(parsed: Value, names: Readonly<Record<string, Value>>, lenient = false): Value {
  if (Array.isArray(parsed)) return (parsed as readonly Value[]).map((one) => valueOf(one, names, lenient));
  if (typeof parsed === "object") {
    const members = Object.entries(parsed).filter(([name]) => !name.startsWith("__"));
    return Object.fromEntries(members.map(([name, one]) => [unquote(name), valueOf(one, names, lenient)]));
  }
  if (typeof parsed !== "string") return parsed;
  const lookup = (expression: string): Value => {
    const found = names[expression];
    if (found === undefined && !lenient) throw new Error(`The test has no value for '${expression}'.`);
    return found ?? expression;
  };
  if (parsed.startsWith('"'))
    return unquote(parsed).replaceAll(/\$\{([^}]+)\}/g, (_, expression: string) => text(lookup(expression)));
  const [, expression = ""] = /^\$\{(.*)\}$/s.exec(parsed) ?? [];
  const [, encoded] = /^jsonencode\((.*)\)$/s.exec(expression) ?? [];
  if (encoded === undefined) return lookup(expression);
  return valueOf(JSON.parse(python(PARSER_OF_AN_EXPRESSION, [], encoded)) as Value, names, lenient);
}

function unquote(text: string): string {
  return text.startsWith('"') ? (JSON.parse(text) as string) : text;
}

function python(program: string, args: readonly string[], input = ""): string {
  return execFileSync(pathOfProgram("python3"), ["-c", program, ...args], { input, encoding: "utf8" });
}

export function text(value: Value | undefined): string {
  if (typeof value === "object" || value === undefined)
    throw new Error(`This is not a text: ${JSON.stringify(value)}`);
  return String(value);
}
