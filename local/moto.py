"""moto's server, loaded once and forked for each client.

It makes a directory that only its user may enter, listens on a Unix socket there and prints that socket's path. Each connection gets
a server of its own, which has only what AWS makes for a new account. The connection carries one line back: the path of the server's
own Unix socket. The server ends with its connection. At SIGTERM everything ends, and the directory is removed.

No server listens on a port: moto checks no signature, so a program that reaches it has all rights.
"""
import contextlib
import functools
import gc
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading

# The services that the local Fargate leaves to moto, in whole or in part.
SERVICES = ("s3", "ecs", "logs", "kms", "iam", "ec2", "ssm", "sts")
# Those that a test puts its own records into.
RECORDS = ("ecr",)
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
    from werkzeug.exceptions import NotFound

    make_default_vpcs_public()
    name_missing_streams()
    let_reads_end()
    remember_what_stays()
    def served(service):
        """moto's own API would reset it, record what it is sent and write files, and its instance metadata would give out keys."""
        return create_backend_app(service) if service in SERVICES + RECORDS else NotFound()

    application = DomainDispatcherApplication(served)
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


def name_missing_streams():
    """Lets GetLogEvents say whether the stream or the group is missing, as AWS does (PrefectHQ/prefect-aws#177, localstack#9226)."""
    from moto.logs.exceptions import ResourceNotFoundException
    from moto.logs.models import LogGroup

    get = LogGroup.get_log_events

    def get_of_stream(self, log_stream_name, *options, **named):
        if log_stream_name not in self.streams:
            raise ResourceNotFoundException("The specified log stream does not exist.")
        return get(self, log_stream_name, *options, **named)

    LogGroup.get_log_events = get_of_stream


def let_reads_end():
    """Lets an object's bytes live until its last reader has them. moto closes them as soon as the object is replaced or deleted."""
    from moto.s3.models import FakeKey

    close = FakeKey.dispose

    def dispose(self, garbage=False):
        if garbage:
            close(self, garbage=True)
        self.disposed = True

    FakeKey.dispose = dispose


def remember_what_stays():
    """Lets moto find out once what stays the same. For each request it would list its own modules, and the methods of the service's class; for
    each symmetric key it would draw an RSA key, which such a key never uses.
    """
    from moto import backends
    from moto.core import responses
    from moto.kms import models

    modules, generate = list(backends.list_of_moto_modules()), models.generate_private_key
    unused = generate("SYMMETRIC_DEFAULT")
    backends.list_of_moto_modules = lambda: modules
    responses.method_names_from_class = functools.cache(responses.method_names_from_class)
    models.generate_private_key = lambda spec: unused if spec == "SYMMETRIC_DEFAULT" else generate(spec)


def with_reasons(application):
    """The application with an answer for the calls at which moto itself fails: the error, and where it happened."""

    def answer(environ, start_response):
        try:
            return application(environ, start_response)
        except Exception as error:
            place = error.__traceback__
            while place.tb_next is not None:
                place = place.tb_next
            file = os.path.join(*place.tb_frame.f_code.co_filename.split(os.sep)[-3:])
            text = " ".join(str(error).split())[:500]
            words = f"{type(error).__name__}: {text} ({file}, line {place.tb_lineno})"
            start_response("500 Internal Server Error", [("Content-Type", "application/x-moto-failure")])
            return [words.encode()]

    return answer


def serve(application, connection, path):
    from moto.moto_api._internal import mock_random
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log_request(self, *_):
            pass

    # Without it all forks would draw the same ids.
    mock_random.seed()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    # A connection to a Unix socket whose queue is full fails at once.
    listener.listen(4096)
    server = make_server(
        f"unix://{path}",
        0,
        with_reasons(application),
        threaded=True,
        request_handler=Quiet,
        fd=listener.fileno(),
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    connection.sendall(os.fsencode(path) + b"\n")
    connection.recv(1)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def main():
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, end)
    directory = tempfile.mkdtemp(prefix="fargate-local-")
    try:
        listener = socket.socket(socket.AF_UNIX)
        path = os.path.join(directory, "forks")
        listener.bind(path)
        listener.listen(64)
        print(path, flush=True)
        listen(listener, directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def end(*_):
    # The end may be asked for twice: by `stop`, and by the parent's death.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(0)


def listen(listener, directory):
    application, served = None, 0
    while True:
        connection, _ = listener.accept()
        application = application or load()
        served += 1
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            try:
                listener.close()
                serve(application, connection, os.path.join(directory, str(served)))
            except Exception as error:
                print("moto:", error, file=sys.stderr, flush=True)
            finally:
                os._exit(0)
        connection.close()


if __name__ == "__main__":
    main()
