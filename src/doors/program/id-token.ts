import { readFile } from "node:fs/promises";
import { Failure, messageOf } from "../../errors.ts";

/** AWS's own tools read the path of the web identity token from this variable. */
const TOKEN_FILE_VARIABLE = "AWS_WEB_IDENTITY_TOKEN_FILE";

/** The ID token in the file that the environment names, read anew each time. Fails with `no-id-token`. */
export async function readIdToken(env: NodeJS.ProcessEnv): Promise<string> {
  const path = env[TOKEN_FILE_VARIABLE];
  if (!path) throw noIdToken(`${TOKEN_FILE_VARIABLE} is not set.`);
  const token = await readFile(path, "utf8").catch((cause: unknown) => {
    throw noIdToken(`${path} can't be read: ${messageOf(cause)}.`, cause);
  });
  if (token.trim() === "") throw noIdToken(`${path} is empty.`);
  return token.trim();
}

function noIdToken(seen: string, cause?: unknown): Failure {
  return new Failure("no-id-token", {
    failed: "There is no ID token by which to assume the role of 'role-to-assume'.",
    seen,
    advice: `Write the ID token of the build service to a file and set ${TOKEN_FILE_VARIABLE} to its path; or leave 'role-to-assume' out.`,
    cause,
  });
}
