"""moto's server, loaded once and forked for each client.

    moto.py NAME

listens on the abstract Unix socket NAME and prints `ready`. Each connection gets a server of its own, which has only what AWS makes
for a new account. The connection carries one line back: the server's port on 127.0.0.1. The server ends with its connection.
"""
import gc
import os
import signal
import socket
import sys
import threading

# The services that the local Fargate leaves to moto, in whole or in part.
SERVICES = ("s3", "ecs", "logs", "kms", "iam", "ec2", "ssm", "sts")
# Calls whose answers moto makes from templates.
QUERIES = (
    ("ec2", "DescribeRouteTables"),
    ("ec2", "DescribeSubnets"),
    ("ec2", "DescribeSecurityGroups"),
    ("ec2", "CreateInternetGateway"),
    ("ec2", "DescribeNetworkInterfaces"),
    ("iam", "ListRoles"),
    ("sts", "GetCallerIdentity"),
)


def load():
    """Loads moto's application and its services, which takes a second or two of processor time."""
    # Everything that is loaded stays, so collections would find nothing. They would take a third of the time.
    gc.disable()
    from moto.server import DomainDispatcherApplication, create_backend_app

    make_default_vpcs_public()
    application = DomainDispatcherApplication(create_backend_app)
    for service in SERVICES:
        application.app_instances[service] = create_backend_app(service)
    warm(application)
    gc.enable()
    # Otherwise the first collection in each child would copy all of these pages.
    gc.freeze()
    return application


def warm(application):
    """Makes moto read the services' models and compile its templates now. Otherwise each fork would do so at their first use."""
    from moto.core.utils import get_service_model
    from werkzeug.test import Client

    for service in SERVICES:
        get_service_model(service)
    for service, action in QUERIES:
        # The call uses an account of its own, so that no client sees what it makes.
        scope = f"x/20260101/us-east-1/{service}/aws4_request"
        headers = {"X-Moto-Account-Id": "0" * 12, "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}"}
        Client(application).post("/", data={"Action": action}, headers=headers)


def make_default_vpcs_public():
    """Gives moto's default VPCs an internet gateway, which those of AWS have (AWS: "Default VPCs")."""
    from moto.ec2.models import EC2Backend

    create = EC2Backend.create_default_vpc

    def create_public(self):
        vpc = create(self)
        gateway = self.create_internet_gateway()
        self.attach_internet_gateway(gateway.id, vpc.id)
        [table] = self.describe_route_tables(filters={"vpc-id": [vpc.id]})
        self.create_route(table.id, "0.0.0.0/0", gateway_id=gateway.id)
        return vpc

    EC2Backend.create_default_vpc = create_public


def log_failure(_, message, *details):
    """Logs only the error of a traceback, and where it happened. The caller gets an error, too."""
    lines = (message % details if details else message).strip().splitlines()
    place = [line.strip() for line in lines if line.startswith("  File ")][-1:]
    print("moto can't answer a call:", *lines[-1:], *place, file=sys.stderr, flush=True)


def serve(application, connection):
    from moto.moto_api._internal import mock_random
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log_request(self, *_):
            pass

    # Without it all forks would draw the same ids.
    mock_random.seed()
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=Quiet)
    server.log = log_failure
    threading.Thread(target=server.serve_forever, daemon=True).start()
    connection.sendall(b"%d\n" % server.port)
    connection.recv(1)
    os._exit(0)


def main(name):
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("\0" + name)
    listener.listen(64)
    print("ready", flush=True)
    application = None
    while True:
        connection, _ = listener.accept()
        application = application or load()
        if os.fork() == 0:
            listener.close()
            serve(application, connection)
        connection.close()


main(sys.argv[1])
