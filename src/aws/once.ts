/**
 * Asks once for each name, and gives the same answer from then on. A question without a name has one answer. Use
 * this for answers that don't change, such as task definitions. A rejection is not kept, so the next caller asks again.
 */
export function once<T, Name extends readonly [string?] = readonly []>(
  ask: (...name: Name) => Promise<T>,
): (...name: Name) => Promise<T> {
  const answers = new Map<string | undefined, Promise<T>>();
  return (...name) => {
    const [key] = name;
    const known = answers.get(key);
    if (known !== undefined) return known;
    const answer = ask(...name);
    answers.set(key, answer);
    answer.catch(() => answers.delete(key));
    return answer;
  };
}
