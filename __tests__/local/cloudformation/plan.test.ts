import { makePlan, type Plan } from "../../../local/cloudformation/plan.ts";
import { type Json, readTemplate } from "../../../local/cloudformation/template.ts";
import { thrownBy } from "../../helpers/thrown.ts";

const PSEUDO = { "AWS::Region": "eu-west-1", "AWS::AccountId": "123456789012", "AWS::Partition": "aws" };
const MADE = new Map([
  ["Group", { id: "/made", attributes: { Arn: "arn:of:group" } }],
  ["Other", { id: "/other" }],
]);

const BASE = `
Parameters:
  Name: { Type: String, Default: shop, AllowedPattern: "[a-z]+" }
  Subnets: { Type: List<AWS::EC2::Subnet::Id>, Default: "subnet-1, subnet-2" }
  Size: { Type: String, Default: small, AllowedValues: [small, large] }
Conditions:
  Small: !Equals [!Ref Size, small]
  Large: !Not [!Condition Small]
  Both: !And [!Condition Small, !Condition Large]
  Either: !Or [!Condition Small, !Condition Large]
Resources:
  Group: { Type: AWS::Logs::LogGroup, Properties: { LogGroupName: /made } }
`;

const plan = (template: string, given: Readonly<Record<string, string>> = {}): Plan =>
  makePlan(readTemplate(template), given, PSEUDO);

/** The value of a template's expression, which is given in YAML. */
function value(yaml: string): Json {
  const whole = plan(`${BASE}Outputs: { It: { Value: ${yaml} } }`);
  return whole.resolve(whole.outputs["It"]?.Value ?? null, MADE);
}

describe("a function of a template", () => {
  it.each<[string, Json]>([
    ["!Ref Name", "shop"],
    ["{ Ref: Name }", "shop"],
    ["!Ref Subnets", ["subnet-1", "subnet-2"]],
    ["!Ref AWS::Region", "eu-west-1"],
    ["!Ref Group", "/made"],
    ["!GetAtt Group.Arn", "arn:of:group"],
    ["{ 'Fn::GetAtt': [Group, Arn] }", "arn:of:group"],
    [
      "!Sub 'arn:${AWS::Partition}:x:${Name}:${Group.Arn}:${!Literal}'",
      "arn:aws:x:shop:arn:of:group:${Literal}",
    ],
    ["!Sub ['${Own}-${Name}', { Own: !Ref Size }]", "small-shop"],
    ["!Join ['/', [a, !Ref Name, c]]", "a/shop/c"],
    ["!Join [',', !Ref Subnets]", "subnet-1,subnet-2"],
    ["!If [Small, yes, !Ref Missing]", "yes"],
    ["!If [Large, !Ref Missing, no]", "no"],
    ["!If [Both, 1, 2]", 2],
    ["!If [Either, 1, 2]", 1],
    ["[a, !Ref 'AWS::NoValue', c]", ["a", "c"]],
    ["{ kept: 1, left: !Ref 'AWS::NoValue' }", { kept: 1 }],
    [
      "{ Condition: { Bool: { 'aws:SecureTransport': 'false' } } }",
      { Condition: { Bool: { "aws:SecureTransport": "false" } } },
    ],
  ])("%s", (yaml, expected) => {
    expect(value(yaml)).toEqual(expected);
  });

  it("is refused by name when it is not known", () => {
    expect(() => value("!Select [0, [a]]")).toThrow("The local Fargate has no function Fn::Select.");
  });

  it.each(["!Ref Missing", "!GetAtt Missing.Arn"])("%s is refused, since nothing has that name", (yaml) => {
    expect(() => value(yaml)).toThrow("Unresolved resource dependencies [Missing]");
  });
});

it("a resource comes after those that it refers to or depends on", () => {
  const { resources } = plan(`
Resources:
  Last: { Type: AWS::Logs::LogGroup, DependsOn: Middle, Properties: { LogGroupName: x } }
  Middle: { Type: AWS::Logs::LogGroup, Properties: { LogGroupName: !Sub "\${First}-x" } }
  First: { Type: AWS::Logs::LogGroup, Properties: { LogGroupName: x } }
`);
  expect(resources.map(([name]) => name)).toEqual(["First", "Middle", "Last"]);
});

it("a resource whose condition does not hold is left out", () => {
  const conditional = `${BASE}  Other: { Type: AWS::Logs::LogGroup, Condition: Large }\n`;
  const namesFor = (Size: string) => plan(conditional, { Size }).resources.map(([name]) => name);
  expect(namesFor("small")).toEqual(["Group"]);
  expect(namesFor("large")).toEqual(["Group", "Other"]);
});

describe("a template or its parameters are refused", () => {
  const group = (more: string): string => `Resources: { Group: { Type: AWS::Logs::LogGroup, ${more} } }`;
  it.each([
    ["no resources", "Description: x", {}, "At least one Resources member must be defined"],
    ["text that is not YAML", "Resources: {", {}, "Template format error"],
    ["an unknown section", `${BASE}Mappings: {}`, {}, "knows no 'Mappings' of a template"],
    [
      "an unknown type",
      "Resources: { Bus: { Type: AWS::Events::EventBus } }",
      {},
      "can't make an AWS::Events::EventBus (resource 'Bus')",
    ],
    [
      "an unknown property",
      group("Properties: { KmsKeyId: x }"),
      {},
      "knows no 'KmsKeyId' of AWS::Logs::LogGroup (resource 'Group')",
    ],
    ["an unknown member", group("Metadata: {}"), {}, "knows no 'Metadata' of resource 'Group'"],
    [
      "a resource that would outlive its stack",
      group("DeletionPolicy: Retain"),
      {},
      "no DeletionPolicy but Delete (resource 'Group')",
    ],
    ["an unknown condition", group("Condition: Missing"), {}, "Unresolved condition Missing"],
    [
      "a circle",
      "Resources: { A: { Type: AWS::Logs::LogGroup, DependsOn: B }, B: { Type: AWS::Logs::LogGroup, DependsOn: A } }",
      {},
      "Circular dependency between resources: [A, B]",
    ],
    ["an unknown parameter", BASE, { Nam: "x" }, "Parameters: [Nam] do not exist in the template"],
    [
      "a value that its pattern does not allow",
      BASE,
      { Name: "Shop" },
      "Parameter Name failed to satisfy constraint",
    ],
    ["a value that is not allowed", BASE, { Size: "huge" }, "Parameter 'Size' must be one of AllowedValues"],
    [
      "a missing value",
      "Parameters: { Name: { Type: String } }\nResources: {}",
      {},
      "Parameters: [Name] must have values",
    ],
  ])("for %s", (_, template, given, words) => {
    expect(thrownBy(() => plan(template, given))).toMatchObject({
      code: "ValidationError",
      message: expect.stringContaining(words) as string,
    });
  });
});
