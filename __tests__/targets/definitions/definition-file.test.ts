import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readUsersFile } from "../../../src/inputs/beneath/users-paths.ts";
import { stepInputs } from "../../../src/doors/github/inputs-source.ts";
import { isDefinitionFile, readDefinitionFile } from "../../../src/targets/definitions/definition-file.ts";

it.each([
  ["web", false],
  ["web:3", false],
  ["arn:aws:ecs:eu-central-1:123456789012:task-definition/web:3", false],
  ["web.json", true],
  ["./web", true],
  ["ecs/web.json", true],
  ["/abs/web", true],
])("%s is a path: %s", (text, expected) => {
  expect(isDefinitionFile(text)).toBe(expected);
});

describe("a file", () => {
  let workspace: string;
  beforeAll(async () => (workspace = await mkdtemp(join(tmpdir(), "definition-"))));
  afterAll(() => rm(workspace, { recursive: true }));
  const read = async (text: string) => {
    await writeFile(join(workspace, "web.json"), text);
    return readDefinitionFile("web.json", (path) => readUsersFile(path, workspace));
  };
  const definition = { family: "web", containerDefinitions: [{ name: "app", image: "example/app:1" }] };

  it("is taken as it is", async () => {
    expect(await read(`\uFEFF${JSON.stringify(definition)}`)).toEqual(definition);
  });

  it("may be what 'aws ecs describe-task-definition' prints", async () => {
    const described = {
      ...definition,
      taskDefinitionArn: "arn:x",
      revision: 3,
      status: "ACTIVE",
      compatibilities: [],
    };
    expect(await read(JSON.stringify({ taskDefinition: described }))).toEqual(definition);
  });

  it.each([
    ["is no JSON", "family: web", "which is not JSON"],
    ["is no task definition", "[]", "'family' and 'containerDefinitions'"],
    ["has no family", JSON.stringify({ ...definition, family: undefined }), "'family'"],
    ["has no containers", JSON.stringify({ family: "web" }), "'containerDefinitions'"],
    ["has a misspelt key", JSON.stringify({ ...definition, memroy: "512" }), "memroy"],
  ])("is refused when it %s", async (_, text, seen) => {
    await expect(read(text)).rejects.toMatchObject({
      code: "bad-input",
      failed: expect.stringContaining("'task-definition'") as string,
      seen: expect.stringContaining(seen) as string,
    });
  });

  it("is refused when a link leads to it out of the workspace", async () => {
    const source = stepInputs({ GITHUB_WORKSPACE: workspace }, workspace);
    await writeFile(`${workspace}-outside.json`, JSON.stringify(definition));
    await symlink(`${workspace}-outside.json`, join(workspace, "link.json"));
    const reading = (): unknown =>
      readDefinitionFile("link.json", (path) => source.readFile(join(workspace, path)));
    expect(reading).toThrow("it is a symbolic link to a file outside");
    await rm(`${workspace}-outside.json`);
  });

  it("is refused when it is not there", () => {
    const reading = (): unknown =>
      readDefinitionFile("./none.json", (path) => readUsersFile(path, workspace));
    expect(reading).toThrow(expect.objectContaining({ code: "bad-input" }) as Error);
    expect(reading).toThrow("ENOENT");
  });
});
