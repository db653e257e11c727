import { AwsError, isMotoFailure } from "../aws-error.ts";
import { type Endpoint, signedFetch } from "../signed-fetch.ts";
import { clusterNotFound, client, serviceNotFound } from "./errors.ts";
import type { Cluster, Service, TaskDefinition } from "../ecs-shapes.ts";

const targetPrefix = "AmazonEC2ContainerServiceV20141113";

/** The records of ECS that moto keeps: clusters, task definitions and services. */
export class Records {
  readonly #endpoint: Endpoint;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  /** Makes one call of the ECS API. Fails with moto's error, as an `AwsError`. */
  async call(operation: string, request: object): Promise<unknown> {
    const response = await signedFetch(this.#endpoint, "ecs", {
      method: "POST",
      headers: {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": `${targetPrefix}.${operation}`,
      },
      body: JSON.stringify(request),
    });
    if (isMotoFailure(response.status, response.headers.get("content-type")))
      throw AwsError.unanswered(await response.text());
    const body = (await response.json()) as { __type?: string; message?: string; Message?: string };
    if (response.ok) return body;
    const code = body.__type?.split("#").at(-1) ?? "ServerException";
    throw new AwsError(code, body.message ?? body.Message ?? "", response.status);
  }

  async cluster(reference: string | undefined): Promise<Cluster> {
    const answer = await this.call("DescribeClusters", {
      clusters: [reference ?? "default"],
      include: ["CONFIGURATIONS"],
    });
    const [found] = (answer as { clusters: Cluster[] }).clusters;
    if (found === undefined) throw clusterNotFound();
    return found;
  }

  /** The task definition with a family, revision or ARN. Throws with RunTask's error texts. */
  async taskDefinition(reference: string): Promise<TaskDefinition> {
    let found: TaskDefinition;
    try {
      const answer = await this.call("DescribeTaskDefinition", { taskDefinition: reference });
      found = (answer as { taskDefinition: TaskDefinition }).taskDefinition;
    } catch (error) {
      if (error instanceof AwsError && error.code === "ClientException")
        throw client("TaskDefinition not found.");
      throw error;
    }
    if (found.status === "INACTIVE") throw client("TaskDefinition is inactive");
    return found;
  }

  async service(cluster: string, name: string): Promise<Service> {
    const answer = await this.call("DescribeServices", { cluster, services: [name] });
    const [found] = (answer as { services: Service[] }).services;
    if (found === undefined) throw serviceNotFound();
    return found;
  }
}
