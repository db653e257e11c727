/** The failures of opening a session and of keeping it. */
import { sessionsArn } from "../../aws/partitions.ts";
import { Failure } from "../../errors.ts";

export interface OpeningFacts {
  readonly sessionId: string;
  readonly host: string;
  readonly region: string;
  readonly seen: string;
  /** The HTTP status of the gateway's answer; undefined when there was no connection to it. */
  readonly status: number | undefined;
  readonly cause?: unknown;
}

export function sessionNotOpened({ sessionId, host, region, seen, status, cause }: OpeningFacts): Failure {
  const failed = `The data channel of session '${sessionId}' could not be opened.`;
  if (status === undefined) {
    return new Failure("session-lost", {
      failed,
      seen: `No connection to ${host}: ${seen}`,
      advice:
        `Check that this machine reaches ${host} on port 443: proxy variables (HTTPS_PROXY, NO_PROXY), firewall, or the ` +
        "VPC endpoint 'ssmmessages' and its private DNS.",
      cause,
    });
  }
  return new Failure("session-refused", {
    failed,
    seen: `${host} answered ${seen}`,
    advice:
      `Allow 'ssmmessages:OpenDataChannel' on '${sessionsArn(region)}' to the caller's credentials, ` +
      `and if it is refused then, too, with Resource: "*", since IAM's own list of actions has no resource for it. ` +
      "Check this machine's clock and any policy of a VPC endpoint 'ssmmessages'.",
    cause,
  });
}

/** `why` says what is wrong with the session's stream URL. Neither the token nor a signature was sent. */
export function streamUrlRefused(sessionId: string, why: string): Failure {
  return new Failure("session-refused", {
    failed: `The data channel of session '${sessionId}' was not opened: its stream URL does not lead to AWS.`,
    seen: `The token was not sent: ${why}.`,
    advice:
      "Check the input 'region'. Where another endpoint is meant, such as an emulator's, name it in AWS_ENDPOINT_URL or " +
      "AWS_ENDPOINT_URL_SSMMESSAGES in the environment.",
  });
}

/** `seen` is Node's error on the certificate. */
export function gatewayUntrusted(sessionId: string, host: string, seen: string, cause?: unknown): Failure {
  return new Failure("session-lost", {
    failed: `The data channel of session '${sessionId}' could not be opened: the certificate of ${host} is not trusted.`,
    seen,
    advice: {
      workflow:
        "Where a proxy opens TLS connections, put its CA's certificate into a PEM file on the runner and name it in " +
        "NODE_EXTRA_CA_CERTS, in the 'env' of the step or job. AWS's own certificates need nothing.",
      program:
        "Where a proxy opens TLS connections, put its CA's certificate into a PEM file and name it in " +
        "NODE_EXTRA_CA_CERTS. AWS's own certificates need nothing.",
    },
    cause,
  });
}

/** The proxy of the environment answered with 407 instead of the gateway. */
export function proxyRefused(sessionId: string, host: string, seen: string, cause?: unknown): Failure {
  return new Failure("session-lost", {
    failed: `The data channel of session '${sessionId}' could not be opened: the proxy on the way to ${host} wants credentials.`,
    seen: `It answered ${seen}`,
    advice:
      "Put user and password into HTTPS_PROXY (http://user:password@host:port, special characters as %XX), or except " +
      `${host} in NO_PROXY.`,
    cause,
  });
}

/** A session that was open and was lost. */
export function sessionLost(sessionId: string, seen: string, cause?: unknown): Failure {
  return new Failure("session-lost", {
    failed: `Session '${sessionId}' was lost.`,
    seen,
    advice:
      "The job is told to stop by a command of its own; where that fails too, it runs on until its 'timeout'. Check the " +
      "network between this machine and 'ssmmessages', and whether the task was stopped.",
    cause,
  });
}

/** `why` says what the agent did. Nothing was typed, so no script was started. */
export function encryptionMismatch(sessionId: string, why: string, cause?: unknown): Failure {
  return new Failure("encryption-mismatch", {
    failed: `Session '${sessionId}' was given up before anything was typed into it: its encryption is not the cluster's.`,
    seen: `${why.charAt(0).toUpperCase()}${why.slice(1)}.`,
    advice:
      "If the cluster's executeCommandConfiguration was changed a moment ago, run it again. Else find out who " +
      "controls the container: AWS's exec agent does not do this.",
    cause,
  });
}
