import type { AwsClients } from "./clients.ts";
import { attempt } from "./failures.ts";
import type { Answer } from "./http.ts";
import type { Call } from "./thrown.ts";

/** A repository in a private registry of ECR. */
export interface Repository {
  /** The account that owns the registry. */
  readonly registryId: string;
  readonly region: string;
  readonly repositoryName: string;
}

/** The size of an image in its registry, where it is compressed. */
export interface ImageSize {
  readonly bytes: number;
  /** True for an image for several platforms: ECR gives the size of the largest one. */
  readonly isMost: boolean;
}

/** The one call of ECR. */
export interface Ecr {
  /** The size of the image with this digest, as in `sha256:…`. Undefined when ECR gives none. */
  describeImageSize(repository: Repository, imageDigest: string): Promise<ImageSize | undefined>;
}

/**
 * The repository of an image's name, as in `123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop:1`; undefined when the image is in no private
 * registry of ECR. The region has to be spelled like one, because it becomes a part of a host name.
 */
export function repositoryOf(image: string): Repository | undefined {
  const [, registryId, region, repositoryName] =
    /^(\d{12})\.dkr[.-]ecr(?:-fips)?\.([a-z]+(?:-[a-z]+)+-\d{1,2})\.[a-z.]+\/([^:@]+)/.exec(image) ?? [];
  if (registryId === undefined || region === undefined || repositoryName === undefined) return undefined;
  return { registryId, region, repositoryName };
}

export function ecrCalls(clients: AwsClients): Ecr {
  return {
    async describeImageSize({ registryId, region, repositoryName }, imageDigest) {
      const to = await clients.endpoint("ecr", region);
      const resource = `repository '${repositoryName}' of account ${registryId}`;
      const call: Call = { service: "ecr", action: "ecr:DescribeImages", resource, region };
      return await attempt(call, clients.signal, async () => {
        const headers = {
          "content-type": "application/x-amz-json-1.1",
          "x-amz-target": "AmazonEC2ContainerRegistry_V20150921.DescribeImages",
        };
        const body = JSON.stringify({ registryId, repositoryName, imageIds: [{ imageDigest }] });
        const answer = await clients.post({ service: "ecr", to, headers, body });
        if (answer.status !== 200) throw thrown(answer);
        const { imageDetails = [] } = JSON.parse(answer.text) as { readonly imageDetails?: ImageDetail[] };
        const { imageSizeInBytes: bytes, imageManifestMediaType: type = "" } = imageDetails[0] ?? {};
        // "If the image is a manifest list, this will be the max size of all manifests in the list" (API reference of ECR).
        return bytes === undefined ? undefined : { bytes, isMost: /manifest\.list|image\.index/.test(type) };
      });
    },
  };
}

/** The members of ECR's answer that are read. */
interface ImageDetail {
  readonly imageSizeInBytes?: number;
  readonly imageManifestMediaType?: string;
}

/** The error of an answer, in the shape of the SDK's exceptions. */
function thrown({ status, text }: Answer): Error {
  const { __type = "UnknownError", message = "no message" } = membersIn(text);
  const error = new Error(message);
  error.name = __type.replace(/^.*#/, "");
  return Object.assign(error, { $metadata: { httpStatusCode: status }, $response: { beginning: text } });
}

/** The members of an error; none when the text is no JSON, as from a proxy or a load balancer. */
function membersIn(text: string): { readonly __type?: string; readonly message?: string } {
  try {
    return JSON.parse(text) as { readonly __type?: string; readonly message?: string };
  } catch {
    return {};
  }
}
