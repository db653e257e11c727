import ts from "typescript";

/** One mechanical change of a file: `length` characters from `at` on become `text`. */
export interface Change {
  readonly at: number;
  readonly length: number;
  readonly text: string;
}

/** What a pattern finds in a line, and what its group becomes. */
type Rule = readonly [pattern: RegExp, becomes: (found: string) => string];

const OPPOSITES: Readonly<Record<string, string>> = Object.fromEntries(
  ["< <=", "> >=", "== !=", "=== !==", "&& ||", "and or", "+ -", "* /", "True False", "break continue"]
    .concat("-eq -ne", "-lt -le", "-gt -ge", "-z -n", "some every", "min max", "startsWith endsWith")
    .map((pair) => pair.split(" "))
    .flatMap(([one = "", other = ""]) => [
      [one, other],
      [other, one],
    ]),
);
const opposite = (found: string): string =>
  Object.hasOwn(OPPOSITES, found) ? (OPPOSITES[found] ?? "") : found;
const nothing = (): string => "";
const next = (digit: string): string => String(Number(digit) + 1);

/** A greater number is a bound, and no test knows one exactly. An exit code other than 0 is any. */
const DIGIT: Rule = [/(?<![\w.$#&>\\-]|return |exit )(\d)(?![\w.>&])/dg, next];
const LOGIC: Rule = [/ (&&|\|\|) /dg, opposite];
const ARITHMETIC: Rule = [/ ([+-]) /dg, opposite];
const COMPARISON: Rule = [/ (==|!=|<=|>=|<|>) /dg, opposite];
const LOOP: Rule = [/^\s*(break|continue)$/dg, opposite];

const LANGUAGES: Readonly<Record<string, readonly Rule[]>> = {
  sh: [
    ...[DIGIT, LOGIC, LOOP],
    [/ (-eq|-ne|-lt|-le|-gt|-ge|-z|-n) /dg, opposite],
    [/\[ [^\]]* (=) /dg, () => "!="],
    [/(?:^|\s)(! )(?=\S)/dg, nothing],
    [/^\s*(return(?: \S+)?|(?!(?:if|then|else|elif|fi|do|done|for|while|until|case|esac)\b)\w+(?: [^(|&{}\\]*)?)$/dg, () => ":"], // prettier-ignore
  ],
  py: [
    ...[DIGIT, COMPARISON, ARITHMETIC, LOOP],
    [/ (and|or) /dg, opposite],
    [/\b(True|False)\b/dg, opposite],
    [/\b(not )(?!in\b)/dg, nothing],
    [/^\s*((?:return|raise)(?: .+)?|[\w.]+(?:\(.*\)| [+-]?= .*[\w)\]"']))$/dg, () => "pass"],
  ],
  awk: [
    ...[DIGIT, COMPARISON, LOGIC, ARITHMETIC],
    [/[(\s](!)(?=[\w(])/dg, nothing],
    [/^\s*(?!(?:if|else|for|while|function|BEGIN|END)\b)(\w[^{}]*)$/dg, () => "0"],
  ],
};

/** The changes of a file, by the line in which they begin. */
export function changesOf(path: string, text: string): ReadonlyMap<number, readonly Change[]> {
  const rules = LANGUAGES[path.split(".").at(-1) ?? ""];
  const changes = [...(rules === undefined ? inTypeScript(path, text) : inLines(text, rules))];
  const found = new Map<number, Change[]>();
  for (const change of changes) {
    const line = text.slice(0, change.at).split("\n").length;
    found.set(line, [...(found.get(line) ?? []), change]);
  }
  return found;
}

function* inLines(text: string, rules: readonly Rule[]): Generator<Change> {
  let start = 0;
  let isProse = false;
  for (const line of text.split("\n")) {
    const quotes = line.split('"""').length - 1;
    const code = isProse || quotes > 0 || /^\s*#/.test(line) ? "" : line.replace(/\s#\s.*$/, "");
    if (quotes === 1) isProse = !isProse;
    for (const [pattern, becomes] of rules)
      for (const { indices, 1: found = "" } of code.matchAll(pattern))
        yield { at: start + (indices?.[1]?.[0] ?? 0), length: found.length, text: becomes(found) };
    start += line.length + 1;
  }
}

function inTypeScript(path: string, text: string): readonly Change[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
  const changes: Change[] = [];
  const put = (node: ts.Node, by: string): void => {
    const change = { at: node.getStart(file), length: node.getWidth(file), text: by };
    if (node.getText(file) !== by) changes.push(change);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isTypeNode(node)) return;
    const of = (child: ts.Node): string => child.getText(file);
    if (ts.isBinaryExpression(node)) put(node.operatorToken, opposite(of(node.operatorToken)));
    else if (ts.isPrefixUnaryExpression(node) && of(node).startsWith("!")) put(node, of(node.operand));
    else if (ts.isNumericLiteral(node) && /^\d$/.test(node.text) && !isDefault(node))
      put(node, next(node.text));
    else if (of(node) === "true") put(node, "false");
    else if (of(node) === "false") put(node, "true");
    else if (ts.isRegularExpressionLiteral(node)) {
      put(node, of(node).replace("/^", "/"));
      put(node, of(node).replace(/\$(?=\/\w*$)/, ""));
    } else if (ts.isConditionalExpression(node))
      put(node, `${of(node.condition)} ? ${of(node.whenFalse)} : ${of(node.whenTrue)}`);
    else if (ts.isPropertyAccessExpression(node) && ts.isCallExpression(node.parent))
      put(node.name, opposite(node.name.text));
    else if (ts.isIfStatement(node) && node.elseStatement === undefined && isLeft(node.thenStatement))
      put(node, "");
    else if (ts.isExpressionStatement(node) && ts.isBlock(node.parent)) put(node, "");
    ts.forEachChild(node, visit);
  };
  visit(file);
  return changes;
}

/** Whether this stands for an element that is always there. */
function isDefault({ parent }: ts.Node): boolean {
  return ts.isBinaryExpression(parent) && parent.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken;
}

/** Whether the function or the turn of a loop ends here. */
function isLeft(node: ts.Statement): boolean {
  const last = ts.isBlock(node) ? node.statements.at(-1) : node;
  return (
    last !== undefined &&
    [ts.isReturnStatement, ts.isThrowStatement, ts.isContinueStatement].some((is) => is(last))
  );
}
