"""Runs a command on a terminal of its own, as an exec agent would: terminal.py COMMAND…. Standard input and output are the
terminal's other end. Ends with the command's exit code."""
import os
import select
import sys
# `signal` and `pty` take longer to import than all else here.
from _signal import SIG_DFL, SIGPIPE, SIGXFSZ, signal

pid, master = os.forkpty()
if pid == 0:
    # An agent's child inherits no settings of the agent. Python ignores signals, and sets a locale where it finds none.
    for ignored in (SIGPIPE, SIGXFSZ):
        signal(ignored, SIG_DFL)
    if b"\0LC_CTYPE=" not in b"\0" + open("/proc/self/environ", "rb").read():
        os.environ.pop("LC_CTYPE", None)
    os.execvp(sys.argv[1], sys.argv[1:])
# Input waits here until the terminal takes it, since the program may not read any more.
os.set_blocking(master, False)
typed = b""
sources = [0, master]
while True:
    readable, writable, _ = select.select(sources, [master] if typed else [], [])
    if 0 in readable:
        data = os.read(0, 1024)
        typed += data
        if not data:
            sources.remove(0)
    if master in readable:
        try:
            data = os.read(master, 1024)
        except OSError:
            break
        os.write(1, data)
    if master in writable:
        try:
            typed = typed[os.write(master, typed[:1024]) :]
        except BlockingIOError:
            pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
