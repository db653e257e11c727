# Prints the environment of PID 1, as the user that it belongs to. To root the kernel shows the environment of another
# user's process only with CAP_SYS_PTRACE, which a container lacks by default; to that user it shows it (ptrace(2),
# PTRACE_MODE_READ_FSCREDS). No process of that user can signal one whose real and saved user is root.
import os

path = "/proc/1/environ"
owner = os.stat(path)
os.setegid(owner.st_gid)
os.seteuid(owner.st_uid)
os.write(1, open(path, "rb").read())
