import { variables } from "../../src/inputs/variables.ts";

const env = { TOKEN: "from the step", KEY: "line 1\nline 2\n", EMPTY: "", NUL: "a\0b" };
const plain = variables({ env, secret: false });
const secret = variables({ env, secret: true });

const must = "NAME=value lines, with bare names of variables of the environment above them, or a JSON object";

describe("variables", () => {
  it.each([
    ["nothing", "", {}],
    ["a value", "A=1", { A: "1" }],
    ["several lines, and blank ones between", "A=1\n\n  \nB=2\n", { A: "1", B: "2" }],
    ["an empty value", "A=", { A: "" }],
    ["every = after the first", "A=b=c==", { A: "b=c==" }],
    ["blanks and quotes of the value", "A=  'x' ", { A: "  'x' " }],
    ["commas of the value", "A=1,B=2", { A: "1,B=2" }],
    ["a brace in a value", "A={}", { A: "{}" }],
    ["an indented name", "  A=1", { A: "1" }],
    ["a bare name", "TOKEN", { TOKEN: "from the step" }],
    ["a bare name with blanks around it", " TOKEN ", { TOKEN: "from the step" }],
    ["a bare name whose value has several lines, whole", "KEY\nA=1", { KEY: "line 1\nline 2\n", A: "1" }],
    ["several bare names", "KEY\nTOKEN", { KEY: "line 1\nline 2\n", TOKEN: "from the step" }],
    ["a bare name whose value is empty", "EMPTY", { EMPTY: "" }],
    ["names with _ and digits", "_a1=x", { _a1: "x" }],
    ["a name that steers programs, above all others", "PATH=/opt\nA=1", { PATH: "/opt", A: "1" }],
  ])("takes %s", (_, text, value) => {
    expect(plain(text)).toEqual({ value });
    expect(secret(text)).toEqual({ value });
  });

  it("takes __proto__ for a name like any other", () => {
    const answer = plain("__proto__=x");
    expect(Object.entries("value" in answer ? answer.value : {})).toEqual([["__proto__", "x"]]);
  });

  it.each([
    ["1A=x", "'1A', where the name is not letters, digits and _ (and no digit first)"],
    ["A B=x", "'A B', where the name is not letters, digits and _ (and no digit first)"],
    ["A =x", "'A ', where the name is not letters, digits and _ (and no digit first)"],
    ["my-name=x", "'my-name', where the name is not letters, digits and _ (and no digit first)"],
    ["=x", "nothing, where the name is not letters, digits and _ (and no digit first)"],
    ["A=1\nA=2", "'A', a name that was given before"],
    ["MISSING", "'MISSING', a bare name that the environment does not have"],
    ["toString", "'toString', a bare name that the environment does not have"],
    ["NUL", "'NUL', whose value has a NUL byte"],
    ["fx_user=", "'fx_user', a name that belongs to fargate-exec, as all do that begin with fx_"],
    ["fx_env", "'fx_env', a name that belongs to fargate-exec, as all do that begin with fx_"],
    ["OPTIND=a[$(id)]", "'OPTIND', a variable whose value bash takes for arithmetic, which can run commands"],
    ["A=1\nRANDOM=1", "'RANDOM', a variable whose value bash takes for arithmetic, which can run commands"],
    [
      "A=1\nfx_setsid=/bin/true",
      "'fx_setsid', a name that belongs to fargate-exec, as all do that begin with fx_",
    ],
    ["A=1\nTOKEN", "'TOKEN', a bare name below the value of 'A', of which it may be a part"],
  ])("refuses %j", (text, got) => {
    expect(plain(text)).toMatchObject({ must, got });
  });

  it.each([
    ["A=1\nhunter2/+", "line 2, where the name is not letters, digits and _ (and no digit first)"],
    ["hunter2/+", "line 1, where the name is not letters, digits and _ (and no digit first)"],
    ["A=1\nhunter2", "line 2, a bare name below the value of 'A', of which it may be a part"],
    ["A=1\nhunter2=1\nhunter2=2", "line 3, a name that was given before"],
    ["A=1\nfx_hunter2=1", "line 2, a name that belongs to fargate-exec, as all do that begin with fx_"],
  ])("shows nothing of the text of a line that may be secret: %j", (text, got) => {
    expect(secret(text)).toMatchObject({ must, got });
    expect(JSON.stringify(secret(text))).not.toContain("hunter2");
  });

  it.each(["MISSING", "TOKEN\nMISSING", "MISSING\nA=1"])(
    "names a bare name in secrets that the step does not have: %j",
    (text) => {
      const got = "'MISSING', a bare name that the environment does not have";
      expect(secret(text)).toMatchObject({ got });
    },
  );
});

describe("a newline in a value", () => {
  const own = {
    AWS_ACCESS_KEY_ID: "AKIAEXAMPLE",
    AWS_SECRET_ACCESS_KEY: "value-of-runner",
    AWS_SESSION_TOKEN: "value-of-runner",
    ACTIONS_RUNTIME_TOKEN: "value-of-runner",
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: "value-of-runner",
    INPUT_SECRETS: "value-of-runner",
    "STATE_fargate-exec": "value-of-runner",
    GITHUB_TOKEN: "value-of-runner",
    RUNNER_TEMP: "value-of-runner",
  };
  const names = Object.keys(own).filter((name) => !name.includes("-"));
  const ofEnv = variables({ env: { ...own, TOKEN: "value-of-step" }, secret: false });
  const ofSecrets = variables({ env: { ...own, TOKEN: "value-of-step" }, secret: true });

  it.each([...names, "TOKEN"])("does not take %s from the step", (name) => {
    for (const parse of [ofEnv, ofSecrets]) {
      const answer = parse(`MESSAGE=a commit\n${name}`);
      expect(answer).not.toHaveProperty("value");
      expect(JSON.stringify(answer)).not.toMatch(/value-of-/);
    }
  });

  it.each([
    ...["LD_PRELOAD", "PATH", "BASH_ENV", "ENV", "PYTHONPATH", "NODE_OPTIONS", "GIT_SSH_COMMAND"],
    ...["AWS_ROLE_ARN", "AWS_ACCESS_KEY_ID", "OPENSSL_CONF", "TAR_OPTIONS"],
    ...["AWS_ENDPOINT_URL", "AWS_CONFIG_FILE", "HTTPS_PROXY", "PERL5OPT", "RUBYOPT", "JAVA_TOOL_OPTIONS"],
  ])("does not set %s", (name) => {
    const got = expect.stringContaining(`the variable ${name} below the value of 'MESSAGE'`) as string;
    for (const parse of [ofEnv, ofSecrets])
      expect(parse(`MESSAGE=a commit\n${name}=/tmp/evil`)).toMatchObject({ got });
  });

  it.each(names)("is no way around the rule: a bare %s is refused in 'env', and beside others", (name) => {
    for (const answer of [ofEnv(name), ofEnv(`${name}\nTOKEN`), ofSecrets(`TOKEN\n${name}`)]) {
      expect(answer).toMatchObject({ got: `'${name}', a credential of this machine` });
    }
  });

  it.each(names)("leaves a bare %s allowed as the only line of 'secrets'", (name) => {
    expect(ofSecrets(`\n${name}\n`)).toEqual({ value: { [name]: own[name as keyof typeof own] } });
  });
});

describe("variables as a JSON object", () => {
  it.each([
    ["an empty object", "{}", {}],
    ["values", '{"A": "1", "B": ""}', { A: "1", B: "" }],
    ["an object over several lines", '\n {\n  "A": "1"\n}\n', { A: "1" }],
    [
      "any text",
      JSON.stringify({ A: "x\nB=2\nTOKEN\r\n\t\"'\\ü\u2028💥" }),
      { A: "x\nB=2\nTOKEN\r\n\t\"'\\ü\u2028💥" },
    ],
    ["names that look the same as values", '{"A": "B", "B": "A"}', { A: "B", B: "A" }],
    ["names that steer programs", '{"A": "1", "PATH": "/opt"}', { A: "1", PATH: "/opt" }],
  ])("take %s", (_, text, value) => {
    expect(plain(text)).toEqual({ value });
    expect(secret(text)).toEqual({ value });
  });

  it("take __proto__ for a name like any other", () => {
    const answer = plain('{"__proto__": "x"}');
    expect(Object.entries("value" in answer ? answer.value : {})).toEqual([["__proto__", "x"]]);
  });

  it.each([
    ['{"A": 1}', "a number as the value of 'A'"],
    ['{"A": true}', "a boolean as the value of 'A'"],
    ['{"A": null}', "null as the value of 'A'"],
    ['{"A": ["x"]}', "an array as the value of 'A'"],
    ['{"A": {"B": "x"}}', "an object as the value of 'A'"],
    ['{"A": "x\\u0000"}', "a NUL character in the value of 'A'"],
    ['{"A": "\\ud800"}', "half of a surrogate pair in the value of 'A', which UTF-8 can't hold"],
    ['{"A": "x", "A": "y"}', "the name 'A' more than once"],
    ['{"A": "x", "\\u0041": "y"}', "the name 'A' more than once"],
    ['{"A": ["x", "B"], "A": "y"}', "the name 'A' more than once"],
    ['{"A": 1, "A": "y"}', "the name 'A' more than once"],
    ['{"my-name": "x"}', "'my-name' where the name is not letters, digits and _ (and no digit first)"],
    [
      '{"OPTIND": "a[$(id)]"}',
      "'OPTIND', a variable whose value bash takes for arithmetic, which can run commands",
    ],
    ['{"fx_user": ""}', "'fx_user', a name that belongs to fargate-exec, as all do that begin with fx_"],
    ['{"": "x"}', "nothing where the name is not letters, digits and _ (and no digit first)"],
  ])("refuse %s", (text, got) => {
    expect(plain(text)).toMatchObject({ must: expect.stringContaining("JSON object") as string, got });
  });

  it.each(["{", '{"A": "x"} y', '{"A": "x",}', "{A: 1}", '{"A": "x\ny"}'])(
    "refuse %j, which is no JSON",
    (text) => {
      expect(plain(text)).toMatchObject({ got: expect.stringContaining("JSON") as string });
    },
  );

  it.each(['{"A": "hunter2" "', '{"A": "x", "hunter2 ": "y"}', '{"A": "hunter2\\u0000"}'])(
    "show nothing that may be secret: %j",
    (text) => {
      expect(secret(text)).not.toHaveProperty("value");
      expect(JSON.stringify(secret(text))).not.toContain("hunter2");
    },
  );
});

it.each([
  ["secrets", secret],
  ["vars", plain],
])("a bare name that the step lacks gets the lines to paste, from '%s'", (context, read) => {
  expect(read("DB_PASSWORD")).toMatchObject({
    advice: {
      workflow: `Give the step these lines beside 'with:':\n  env:\n    DB_PASSWORD: \${{ ${context}.DB_PASSWORD }}`,
      program: "Export DB_PASSWORD, or give it as DB_PASSWORD=value.",
    },
  });
});

it("several bare names that the step lacks get their lines together", () => {
  expect(secret("DB_PASSWORD\nAPI_KEY\nDB_PASSWORD")).toMatchObject({
    advice: {
      workflow:
        "Give the step these lines beside 'with:':\n  env:\n    DB_PASSWORD: ${{ secrets.DB_PASSWORD }}\n    API_KEY: ${{ secrets.API_KEY }}",
      program: "Export DB_PASSWORD, API_KEY, or give each as DB_PASSWORD=value.",
    },
  });
});
