# Prints the environment of PID 1, which it reads as PID 1's user. Root can read the environment of another user's process
# only with CAP_SYS_PTRACE, which a container lacks by default. That user can read it (ptrace(2), PTRACE_MODE_READ_FSCREDS).
# No process of that user can signal this one, because its real and saved user stay root.
import os

path = "/proc/1/environ"
owner = os.stat(path)
os.setegid(owner.st_gid)
os.seteuid(owner.st_uid)
os.write(1, open(path, "rb").read())
