"""A process that a script has left running. It sends a signal to each process of its user whose arguments name TARGET. It
holds what one prints to that it stops. HOLD holds that of one, and kills it:

    stopper.py TARGET READY SIGNAL

TARGET is spelled backwards, so that no process is taken for one that only looks for it. It is a whole path, since the processes of other
tests are looked at, too. READY is a file that it makes before its first look. It passes over a process that it has seen once only: what lives
so briefly is no packer. Once READY is gone it makes READY.over, and looks no more: of root it would also stop what removes the packed
directory, against which a job of the same user can do nothing.
"""
import glob
import os
import signal
import sys
import time

target, ready, how = os.fsencode(sys.argv[1][::-1]), sys.argv[2], sys.argv[3]
number = signal.SIGKILL if how == "HOLD" else getattr(signal, how)
held, seen = {}, set()
open(ready, "w").close()
while os.path.exists(ready):
    for each in glob.glob("/proc/[0-9]*"):
        pid = int(each[6:])
        try:
            with open(each + "/cmdline", "rb") as file:
                words = file.read()
            if pid in held or pid == os.getpid() or target not in words:
                continue
            if pid not in seen:
                seen.add(pid)
                continue
            if how == "HOLD":
                os.kill(pid, signal.SIGSTOP)
                held[pid] = open(each + "/fd/1", "wb", 0)
            os.kill(pid, number)
            if how != "HOLD":
                held[pid] = number == signal.SIGSTOP and open(each + "/fd/1", "wb", 0)
        except OSError:
            pass
open(ready + ".over", "w").close()
while True:
    time.sleep(60)
