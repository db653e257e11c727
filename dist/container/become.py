# Becomes another program:
#
#     session WORDS...            as the leader of a new session
#     adopt WORDS...              the same, and as the parent of the processes that its descendants leave behind
#     user NAME UID GID WORDS...  as this user, with its groups; NAME is empty for a UID without a name
#
# A shell starts its background commands with INT and QUIT ignored, and Python ignores PIPE and XFSZ. Python also sets
# LC_CTYPE when the environment names no locale (PEP 538). The program must inherit none of this.
import os, sys

try:
    import _signal as signal  # `signal` loads `enum`, which takes longer than all the rest.
except ImportError:
    import signal

PR_SET_CHILD_SUBREAPER = 36


def give_back(*names):
    for name in names:
        signal.signal(getattr(signal, name), signal.SIG_DFL)


def find_prctl():
    try:
        import _ctypes  # `ctypes` takes as long as all the rest.

        class Function(_ctypes.CFuncPtr):
            _flags_ = _ctypes.FUNCFLAG_CDECL
            _restype_ = None

        return Function(_ctypes.dlsym(_ctypes.dlopen(None, 0), "prctl"))
    except (AttributeError, ImportError, TypeError):
        import ctypes

        return ctypes.CDLL(None).prctl


def adopt():
    try:
        find_prctl()(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except (AttributeError, ImportError, OSError):
        pass  # PID 1 gets them, then.


how, words = sys.argv[1], sys.argv[2:]
if b"\0LC_CTYPE=" not in b"\0" + open("/proc/self/environ", "rb").read():
    os.environ.pop("LC_CTYPE", None)
if how == "user":
    name, uid, gid, *words = words
    os.initgroups(name, int(gid)) if name else os.setgroups([])
    os.setgid(int(gid))
    os.setuid(int(uid))
else:
    give_back("SIGINT", "SIGQUIT")
    os.setsid()
    if how == "adopt":
        adopt()
give_back("SIGPIPE", "SIGXFSZ")
os.execvp(words[0], words)
