import { configuredRegion } from "../../aws/configured-region.ts";
import type { RunInputs } from "../program/run-options.ts";

/**
 * The inputs, with the region of the AWS CLI's profile when neither they nor the environment name one. The job of a handle has its own region.
 */
export async function withRegion(inputs: RunInputs): Promise<RunInputs> {
  const { AWS_REGION: region = "", AWS_DEFAULT_REGION: defaultRegion = "" } = process.env;
  const isKnown = [inputs.region, inputs.handle].some((value) => value !== undefined);
  if (isKnown || region !== "" || defaultRegion !== "") return inputs;
  return { ...inputs, region: await configuredRegion() };
}
