import { ECS_ARN, ECS_NAME } from "./ecs-names.ts";
import type { DefinitionReference, NewTaskSource } from "./inputs.ts";
import type { InputReader } from "./input-reader.ts";
import { matching, oneOf, quoteValue } from "./parse.ts";
import { readGivenFile } from "./workspace.ts";

/** The inputs that name a task, or where a new one comes from. */
export type TargetName = "task" | "service" | "task-definition" | "image";

const family = new RegExp(`^(${ECS_NAME}(:[0-9]+)?|${ECS_ARN}:task-definition/${ECS_NAME}(:[0-9]+)?)$`);

/** Registry, repository, tag and digest, in the characters that ECS allows. */
const image = matching(
  /^[A-Za-z0-9][\w./:@+-]{0,254}$/,
  "an image's name, such as public.ecr.aws/docker/library/python:3.13",
);
const architecture = oneOf("x86_64", "arm64");
const borrow = oneOf("all", "network");

/** Where the definition of a new task comes from. Notes a problem when an input names no definition or image. */
export function readNewTaskSource(
  reader: InputReader,
  only: Exclude<TargetName, "task">,
): NewTaskSource | undefined {
  if (only === "service") return { kind: "service" };
  if (only === "task-definition") return readDefinition(reader);
  const name = reader.optional("image", image);
  if (name === undefined) return undefined;
  if (!isInDefinition(reader))
    return { kind: "image", image: name, architecture: reader.optional("architecture", architecture) };
  const of: DefinitionReference | undefined = reader.isGiven("task-definition")
    ? readDefinition(reader)
    : { kind: "service" };
  return of === undefined ? undefined : { kind: "image-in-definition", image: name, of };
}

/** Refuses `architecture` unless a definition is made for the image, and `borrow: network` unless `image` stands with `service` alone. */
export function refuseImageInputs(reader: InputReader, given: readonly TargetName[]): void {
  const hasImage = given.includes("image");
  if (reader.isGiven("architecture") && (!hasImage || isInDefinition(reader))) {
    reader.refuse(
      "architecture",
      "empty unless a task definition is made for 'image'",
      quoteValue(reader.text("architecture")),
      "A task definition of yours says it itself, as 'cpuArchitecture' in its 'runtimePlatform'.",
    );
  }
  if (reader.optional("borrow", borrow) !== "network") return;
  if (hasImage && given.includes("service") && !given.includes("task-definition")) return;
  reader.refuse(
    "borrow",
    "all, except for 'image' with 'service' alone",
    "'network'",
    "A new task takes the service's task definition only where no other is named.",
  );
}

/** Whether the image takes the place of another one in a definition of the user's. */
function isInDefinition(reader: InputReader): boolean {
  const ofService = reader.isGiven("service") && reader.text("borrow") !== "network";
  return reader.isGiven("task-definition") || ofService;
}

function readDefinition(reader: InputReader): DefinitionReference | undefined {
  const text = reader.text("task-definition");
  if (family.test(text)) return { kind: "task-definition", taskDefinition: text };
  // The text is not a family, so it has to be a path.
  if (!text.endsWith(".json")) {
    const must = "a family, family:revision, an ARN, or the path of a .json file, such as web:42";
    reader.refuse("task-definition", must, quoteValue(text));
    return undefined;
  }
  // Only the path is checked here. The content is checked before it is registered.
  const file = readGivenFile(reader, "task-definition");
  return file === undefined ? undefined : { kind: "task-definition", taskDefinition: file.path };
}
