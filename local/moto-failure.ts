/** The type of the answers by which `moto.py` says why moto has failed. moto's own answers have other types. */
const FAILURE_TYPE = "application/x-moto-failure";

/** Whether an answer says that moto has failed, and why. */
export function isMotoFailure(status: number | undefined, type: string | null | undefined): boolean {
  return status === 500 && type === FAILURE_TYPE;
}
