"""Becomes a command, in a network of its own that has the task's credentials endpoint and S3.

Arguments: the path of the credentials, the file whose content every object has, the file to which each request is
written, and the command.
"""

import ctypes
import fcntl
import http.server
import json
import os
import signal
import socket
import struct
import sys
import threading

PATH, OBJECT, REQUESTS = sys.argv[1:4]
KEY = "ASIAEXAMPLE000000000"


def configure(name, address):
    """Gives the loopback device an address, and brings it up."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = name.encode().ljust(16, b"\0")
        there = struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(address))
        fcntl.ioctl(any_socket, 0x8916, request + there)  # SIOCSIFADDR
        fcntl.ioctl(any_socket, 0x8914, request + struct.pack("H14x", 0x1 | 0x8))  # SIOCSIFFLAGS: IFF_UP, IFF_LOOPBACK


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open(REQUESTS, "a", encoding="utf-8") as requests:
            requests.write(f"{self.path}\n")
        host = self.server.server_address[0]
        if host == "169.254.170.2" and self.path == PATH:
            keys = {"AccessKeyId": KEY, "SecretAccessKey": "secret", "Token": "token"}
            return self.answer(200, json.dumps({**keys, "Expiration": "2999-01-01T00:00:00Z"}).encode())
        if host == "127.0.0.1" and f"Credential={KEY}/" in self.headers.get("Authorization", ""):
            with open(OBJECT, "rb") as content:
                return self.answer(200, content.read())
        return self.answer(403, b"")

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


configure("lo", "127.0.0.1")
configure("lo:1", "169.254.170.2")
servers = [http.server.ThreadingHTTPServer(at, Handler) for at in [("169.254.170.2", 80), ("127.0.0.1", 9000)]]
if os.fork() == 0:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    os.setsid()
    # The terminal is the command's alone.
    null = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(null, number)
    for server in servers:
        threading.Thread(target=server.serve_forever).start()
else:
    for server in servers:
        server.socket.close()
    os.execvp(sys.argv[4], sys.argv[4:])
