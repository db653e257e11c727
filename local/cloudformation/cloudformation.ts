import { randomUUID } from "node:crypto";
import { AwsError } from "../aws-error.ts";
import type { Keys } from "../keys.ts";
import { xmlOf, type Xml } from "../xml.ts";
import { clientsOf, type Clients } from "./clients.ts";
import { invalid, noSuchStack } from "./errors.ts";
import { makePlan } from "./plan.ts";
import { Stack } from "./stack.ts";
import { readTemplate, requireKnown, type Template } from "./template.ts";

export interface CloudFormationOptions {
  /** The local Fargate's own address. The resources of a stack are made by calls to it. */
  readonly endpoint: () => string;
  readonly region: string;
  readonly accountId: string;
}

type Parameters = Readonly<Record<string, string>>;
type Operation = (parameters: Parameters, keys: Keys) => Promise<Xml> | Xml;

interface ChangeSet {
  readonly id: string;
  readonly name: string;
  readonly stack: Stack;
  /** Undefined for a change set that can be carried out. */
  readonly refusal?: string;
}

/** From this text `aws cloudformation deploy` knows that there is nothing to do. */
const NO_CHANGES =
  "The submitted information didn't contain changes. Submit different information to create a change set.";

/**
 * CloudFormation for the types of resources in `resources/types.ts`. A call that makes or deletes a stack is answered once
 * that is done, so a client's waiter succeeds at its first call.
 */
export class CloudFormation {
  readonly #options: CloudFormationOptions;
  /** All stacks, including deleted ones, the oldest first. */
  readonly #stacks: Stack[] = [];
  readonly #changeSets: ChangeSet[] = [];
  readonly #operations: Readonly<Record<string, Operation>> = {
    CreateStack: (parameters, keys) => this.#createStack(parameters, keys),
    DeleteStack: (parameters, keys) => this.#deleteStack(parameters, keys),
    DescribeStacks: ({ StackName }) => this.#describeStacks(StackName),
    DescribeStackEvents: ({ StackName = "" }) => this.#describeEvents(StackName),
    GetTemplateSummary: ({ StackName = "" }) => this.#templateSummary(StackName),
    CreateChangeSet: (parameters) => this.#createChangeSet(parameters),
    DescribeChangeSet: (parameters) => this.#describeChangeSet(parameters),
    ExecuteChangeSet: (parameters, keys) => this.#executeChangeSet(parameters, keys),
  };

  constructor(options: CloudFormationOptions) {
    this.#options = options;
  }

  /** The answer to a call, in XML. No call goes to moto, since it can't make half of a stack's resources. */
  async answer(parameters: URLSearchParams, keys: Keys): Promise<string> {
    // A client sends an empty list as an empty string.
    const given = [...parameters].filter(([name, value]) => value !== "" && name !== "Version");
    const { Action = "", ...rest } = Object.fromEntries(given);
    const operation = Object.hasOwn(this.#operations, Action) ? this.#operations[Action] : undefined;
    if (operation === undefined)
      throw new AwsError("InvalidAction", `The local Fargate's CloudFormation has no ${Action}.`);
    const result = await operation(rest, keys);
    const body = { [`${Action}Result`]: result, ResponseMetadata: { RequestId: randomUUID() } };
    return `<${Action}Response xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">${xmlOf(body)}</${Action}Response>`;
  }

  async #createStack(parameters: Parameters, keys: Keys): Promise<Xml> {
    const { StackName = "" } = parameters;
    if (this.#find(StackName) !== undefined)
      throw new AwsError("AlreadyExistsException", `Stack [${StackName}] already exists`);
    const stack = this.#stackOf(parameters, []);
    this.#stacks.push(stack);
    await stack.create(this.#clients(keys));
    return { StackId: stack.id };
  }

  async #deleteStack({ StackName = "" }: Parameters, keys: Keys): Promise<Xml> {
    // A stack that is not there counts as deleted.
    await this.#find(StackName)?.delete(this.#clients(keys));
    return {};
  }

  #describeStacks(name: string | undefined): Xml {
    const found = name === undefined ? this.#stacks.filter(isThere) : [this.#find(name)];
    const Stacks = found.map((stack) => {
      if (stack === undefined) throw noSuchStack(name ?? "");
      return {
        StackId: stack.id,
        StackName: stack.name,
        CreationTime: stack.createdAt,
        StackStatus: stack.status,
        StackStatusReason: stack.reason,
        Outputs: stack.outputs,
        Parameters: Object.entries(stack.plan.parameters).map(([ParameterKey, ParameterValue]) => ({
          ParameterKey,
          ParameterValue,
        })),
      };
    });
    return { Stacks };
  }

  #describeEvents(name: string): Xml {
    const stack = this.#find(name);
    if (stack === undefined) throw invalid(`Stack [${name}] does not exist`);
    const of = { StackId: stack.id, StackName: stack.name };
    return { StackEvents: stack.events.toReversed().map((event) => ({ ...of, ...event })) };
  }

  #templateSummary(name: string): Xml {
    const stack = this.#find(name);
    if (stack === undefined) throw noSuchStack(name);
    return { Parameters: Object.keys(stack.plan.parameters).map((ParameterKey) => ({ ParameterKey })) };
  }

  #createChangeSet(parameters: Parameters): Xml {
    const { StackName = "", ChangeSetName: name = "", ChangeSetType = "UPDATE" } = parameters;
    const found = this.#find(StackName);
    const wanted = this.#stackOf(parameters, ["ChangeSetName", "ChangeSetType", "Description"], found);
    const { region, accountId } = this.#options;
    const id = `arn:aws:cloudformation:${region}:${accountId}:changeSet/${name}/${randomUUID()}`;
    if (ChangeSetType === "CREATE") {
      if (found !== undefined)
        throw invalid(`Stack [${StackName}] already exists and cannot be created again with the changeSet`);
      this.#stacks.push(wanted);
      this.#changeSets.push({ id, name, stack: wanted });
      return { Id: id, StackId: wanted.id };
    }
    if (found === undefined) throw invalid(`Stack [${StackName}] does not exist`);
    const [before, after] = [found, wanted].map(({ text, plan }) => JSON.stringify([text, plan.parameters]));
    if (before !== after)
      throw invalid(`The local Fargate can't update a stack: delete '${StackName}', then create it again.`);
    this.#changeSets.push({ id, name, stack: found, refusal: NO_CHANGES });
    return { Id: id, StackId: found.id };
  }

  #describeChangeSet(parameters: Parameters): Xml {
    const { id, name, stack, refusal } = this.#changeSet(parameters);
    return {
      ChangeSetId: id,
      ChangeSetName: name,
      StackId: stack.id,
      StackName: stack.name,
      Status: refusal === undefined ? "CREATE_COMPLETE" : "FAILED",
      ExecutionStatus: refusal === undefined ? "AVAILABLE" : "UNAVAILABLE",
      StatusReason: refusal,
    };
  }

  async #executeChangeSet(parameters: Parameters, keys: Keys): Promise<Xml> {
    const { name, stack, refusal } = this.#changeSet(parameters);
    if (refusal !== undefined || stack.status !== "REVIEW_IN_PROGRESS")
      throw new AwsError(
        "InvalidChangeSetStatus",
        `ChangeSet [${name}] cannot be executed in its current status`,
      );
    await stack.create(this.#clients(keys));
    return {};
  }

  #changeSet({ ChangeSetName = "", StackName }: Parameters): ChangeSet {
    const found = this.#changeSets.findLast(
      ({ id, name, stack }) =>
        id === ChangeSetName ||
        (name === ChangeSetName && (StackName === stack.name || StackName === stack.id)),
    );
    if (found === undefined)
      throw new AwsError("ChangeSetNotFound", `ChangeSet [${ChangeSetName}] does not exist`, 404);
    return found;
  }

  /**
   * A new stack from a request's members. `more` names further members that the request may have. `before` is the
   * stack that the new one would replace.
   */
  #stackOf(request: Parameters, more: readonly string[], before?: Stack): Stack {
    const { StackName = "", TemplateBody: text = "" } = request;
    const scalars = Object.keys(request).filter((name) => !/^(Parameters|Capabilities)\.member\./.test(name));
    requireKnown(
      Object.fromEntries(scalars.map((name) => [name, ""])),
      [...OF_A_STACK, ...more],
      "the request",
    );
    const template = readTemplate(text);
    requireCapabilities(template, request);
    const { region, accountId } = this.#options;
    const id = `arn:aws:cloudformation:${region}:${accountId}:stack/${StackName}/${randomUUID()}`;
    const plan = makePlan(template, givenParameters(request, before), {
      "AWS::Region": region,
      "AWS::AccountId": accountId,
      "AWS::Partition": "aws",
      "AWS::URLSuffix": "amazonaws.com",
      "AWS::StackName": StackName,
      "AWS::StackId": id,
    });
    return new Stack({ id, name: StackName, text, plan });
  }

  /** Finds a stack by its id, or by its name if it exists. A stack that awaits its change set does not exist yet. */
  #find(name: string): Stack | undefined {
    return this.#stacks.find((stack) => stack.id === name || (stack.name === name && isThere(stack)));
  }

  #clients(keys: Keys): Clients {
    return clientsOf(this.#options.endpoint(), this.#options.region, keys);
  }
}

const OF_A_STACK = ["StackName", "TemplateBody"];

function isThere({ status }: Stack): boolean {
  return status !== "DELETE_COMPLETE" && status !== "REVIEW_IN_PROGRESS";
}

/** The values of a request's parameters. One with `UsePreviousValue` gets its value in the stack `before`. */
function givenParameters(request: Parameters, before: Stack | undefined): Record<string, string> {
  const keys = Object.entries(request).filter(([name]) =>
    /^Parameters\.member\.\d+\.ParameterKey$/.test(name),
  );
  return Object.fromEntries(
    keys.map(([name, key]) => {
      const member = (which: string): string | undefined => request[name.replace(/ParameterKey$/, which)];
      const previous = member("UsePreviousValue") === "true" ? before?.plan.parameters[key] : undefined;
      return [key, previous ?? member("ParameterValue") ?? ""];
    }),
  );
}

function requireCapabilities({ Resources }: Template, request: Parameters): void {
  const roles = Object.values(Resources).filter(({ Type }) => Type === "AWS::IAM::Role");
  const given = Object.keys(request).filter((name) => name.startsWith("Capabilities.member."));
  if (roles.length === 0 || given.some((name) => request[name] === "CAPABILITY_NAMED_IAM")) return;
  throw new AwsError("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_NAMED_IAM]");
}
