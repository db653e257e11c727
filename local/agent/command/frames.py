"""The frames on standard input and output, between the agent and the part of it that runs in the task.

A frame has the length of its body (u32, big-endian), its type (one byte) and its body.
  in    C configuration (JSON)   I input   S size (columns, rows: u16)   P pause   G go on   K kill   W wait
  out   R running   F could not start (text)   O output   A input written (error text, or nothing)
        E the terminal has ended   X the process has ended (JSON: status, stderr)   T a signal ends the session
The end of standard input means that the agent has died.
"""

import os
import struct
import threading

output_lock = threading.Lock()


def send(kind, body=b""):
    data = struct.pack(">I", len(body)) + kind + body
    with output_lock:
        while data:
            data = data[os.write(1, data) :]


def read_exactly(size):
    data = b""
    while len(data) < size:
        more = os.read(0, size - len(data))
        if not more:
            os._exit(1)
        data += more
    return data


def receive():
    (size,) = struct.unpack(">I", read_exactly(4))
    return read_exactly(1), read_exactly(size)
