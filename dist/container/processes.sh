# --- Processes of ours: how they begin, wait and end.

# The beginning of a Python program that becomes another one. Python ignores two signals, and sets LC_CTYPE where the
# container says nothing of its locale: the other one is to inherit neither.
fx_python='
import os, signal, sys
if b"\0LC_CTYPE=" not in b"\0" + open("/proc/self/environ", "rb").read():
    os.environ.pop("LC_CTYPE", None)
def give_back(*names):
    for name in names:
        signal.signal(getattr(signal, name), signal.SIG_DFL)
def lead():
    give_back("SIGINT", "SIGQUIT")
    os.setsid()
def become(words):
    give_back("SIGPIPE", "SIGXFSZ")
    os.execvp(words[0], words)
'

# Finds our own programs once, in full, so that they stay what they are whatever PATH a script is to have.
fx_find_programs() {
  fx_env='' fx_python3=$(command -v python3) fx_setsid=$(command -v setsid)
  if [ "$fx_setsid" ] && env --default-signal=INT,QUIT true 2>/dev/null; then fx_env=$(command -v env); fi
}

# How one of ours becomes another program. A worker sets the script's variables in it, at the last moment.
fx_exec() { exec "$@"; }

# Runs a command as the leader of a new session. A shell starts what it puts in the background with INT and QUIT
# ignored, for good: they are given back where something can do that.
fx_session() {
  if [ "$fx_env" ]; then
    fx_exec "$fx_env" --default-signal=INT,QUIT "$fx_setsid" "$@"
  elif [ "$fx_python3" ]; then
    fx_exec "$fx_python3" -I -S -c "$fx_python
lead()
become(sys.argv[1:])" "$@"
  else
    fx_exec "$fx_setsid" "$@"
  fi
}

# The same for a command that becomes the parent of what its descendants leave behind, and so can wait for their ends:
# PID 1 need not wait for anybody.
fx_adopting() {
  if [ "$fx_python3" ]; then
    exec "$fx_python3" -I -S -c "$fx_python
lead()
try:
    import ctypes
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
except (AttributeError, ImportError, OSError):
    pass
become(sys.argv[1:])" "$@"
  else
    fx_session "$@"
  fi
}

# Sends signal $1 to the process of this name, if it is still there.
fx_tell() { ! fx_is "$2" || kill -s "$1" "$fx_pid"; } 2>/dev/null

# Whether the process of this name is still at work. One that nobody has waited for is not.
fx_lives() { fx_is "$1" && [ "$fx_state" != Z ]; }

# Sleeps some seconds in a process that TERM is to end; false once it has been told so. No sleep outlives it, not even
# as a zombie: PID 1 of a container may be a program that reaps nothing.
fx_off='' fx_nap=''
fx_wake() {
  fx_off=1
  # Apart, for what it comes in between of may be looking at another process.
  (fx_tell KILL "$fx_nap")
}
fx_sleep() {
  fx_nap=
  trap fx_wake TERM
  sleep "$1" &
  fx_name "$!"
  fx_nap=$fx_token
  [ -z "$fx_off" ] || fx_tell KILL "$fx_nap"
  # The signal ends a wait early, before the child is reaped.
  while fx_is "$fx_nap"; do wait "${fx_nap%:*}"; done
  [ -z "$fx_off" ]
}

# Calls a function some seconds later, unless it is told TERM before.
fx_after() {
  fx_sleep "$1" || return 0
  shift
  "$@"
}

# Ends a child of ours and waits for it. A shell that has just been forked may lose a signal before it has its own
# traps, so it is told until it is gone.
fx_dismiss() {
  while fx_lives "$1"; do
    kill "$fx_pid" 2>/dev/null
    sleep 0.01
  done
  wait "${1%:*}"
}
