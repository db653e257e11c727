import { AwsError } from "../aws-error.ts";

/** CloudFormation's answer to most mistakes in a request or a template. */
export const invalid = (message: string): AwsError => new AwsError("ValidationError", message);

export const noSuchStack = (name: string): AwsError => invalid(`Stack with id ${name} does not exist`);
