# The job and those who watch it. bootstrap.sh sources this file in the process that ECS Exec started, which then
# attaches; the job itself is this file run once more, in a session of its own, so that no end of a watcher is the
# end of the job.
#
# In the job directory: job (this file), script, header, out (the spool), N.o N.e (pipes of worker N), N.pid, N.code,
# started (made by the job: the lock of its start), pid (of the job), stopping (why it is being stopped), status (its
# end), taken (somebody has read that), watcher (the process that shows it), heard (its reader is there), sizes (what
# each awk has written).
#
# Every name of ours begins with fx_ and none is exported: the container's own variables stay what they are.

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

fx_mark() { printf '\033]7733;%s;%s\007' "$fx_nonce" "$1"; }

# Runs a command as the leader of a new session. A shell starts what it puts in the background with INT and QUIT
# ignored, for good: they are given back where something can do that.
fx_session() {
  if env --default-signal=INT,QUIT true 2>/dev/null && command -v setsid >/dev/null; then
    exec env --default-signal=INT,QUIT setsid "$@"
  elif command -v python3 >/dev/null 2>&1; then
    exec python3 -I -S -c "$fx_python
lead()
become(sys.argv[1:])" "$@"
  else
    exec setsid "$@"
  fi
}

# The same for a command that becomes the parent of what its descendants leave behind, and so can wait for their ends: PID 1
# need not wait for anybody.
fx_adopting() {
  if command -v python3 >/dev/null; then
    exec python3 -I -S -c "$fx_python
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

# Sleeps some seconds in a process that TERM is to end; false once it has been told so. No sleep outlives it, not even
# as a zombie: PID 1 of a container may be a program that reaps nothing.
fx_off=
fx_sleep() {
  fx_nap=
  trap 'fx_off=1; [ -z "$fx_nap" ] || kill -s KILL "$fx_nap"' TERM
  sleep "$1" &
  fx_nap=$!
  [ -z "$fx_off" ] || kill -s KILL "$fx_nap"
  # The signal ends a wait early, before the child is reaped.
  while kill -0 "$fx_nap" 2>/dev/null; do wait "$fx_nap"; done
  [ -z "$fx_off" ]
}

# Calls a function some seconds later, unless it is told TERM before.
fx_after() {
  fx_sleep "$1" || return 0
  shift
  "$@"
}

# Whether the process fx_pid is still at work. One that nobody has waited for is not.
fx_lives() {
  read -r fx_skip fx_skip fx_state fx_skip <"/proc/$fx_pid/stat" && [ "$fx_state" != Z ]
} 2>/dev/null

# Ends a process of ours and waits for it. A shell that has just been forked may lose a signal before it has its own
# traps, so it is told until it is gone.
fx_dismiss() {
  fx_pid=$1
  while kill "$fx_pid" 2>/dev/null; fx_lives; do sleep 0.01; done
  wait "$fx_pid"
}

# --- The header: the line by which a log stream with a random name is traced back to its task and its run.

fx_get() {
  if command -v curl >/dev/null 2>&1; then
    curl -sf -m 2 "$1"
  elif command -v python3 >/dev/null 2>&1; then
    python3 -I -S -c 'import sys, urllib.request as u; sys.stdout.write(u.urlopen(sys.argv[1], timeout=2).read().decode())' "$1"
  else
    wget -q -T 2 -O - "$1"
  fi 2>/dev/null
}

# The first value of a key in a JSON text on standard input, without jq: one pair a line, then look for the key.
fx_field() {
  # shellcheck disable=SC2020 # each of the three becomes a line's end
  tr '{},' '\n\n\n' | sed -n 's/^ *"'"$1"'": *"\{0,1\}\([^"]*\)"\{0,1\} *$/\1/p' | head -n 1
}

fx_header() {
  fx_uri=$ECS_CONTAINER_METADATA_URI_V4
  fx_task=$([ -z "$fx_uri" ] || fx_get "$fx_uri/task")
  fx_self=$([ -z "$fx_uri" ] || fx_get "$fx_uri")
  printf '\033]7733;h\007fargate-exec'
  printf ' %s' "run=$fx_id"
  if [ "$fx_task" ]; then
    printf ' %s' "cluster=$(printf %s "$fx_task" | fx_field Cluster)" \
      "task=$(printf %s "$fx_task" | fx_field TaskARN)" \
      "container=$(printf %s "$fx_self" | fx_field Name)" \
      "image=$(printf %s "$fx_self" | fx_field Image)" \
      "cpu=$(printf %s "$fx_task" | fx_field CPU)" \
      "memory=$(printf %s "$fx_task" | fx_field Memory)"
  else
    printf ' %s' "cluster=$fx_cluster" "task=$fx_arn" "container=$fx_container" 'metadata=unavailable'
  fi
  [ -z "$fx_url" ] || printf ' %s' "url=$fx_url"
  printf '\n'
}

# --- The job: started once, outlives every session.

# A file that is there with all of its one line or not at all, and whose room on the disk is taken beforehand: a
# script that fills the disk is to be told about too.
fx_reserve() { echo >"$fx_dir/$1.new"; }
fx_write() {
  printf '%s\n' "$2" 1<>"$fx_dir/$1.new"
  mv "$fx_dir/$1.new" "$fx_dir/$1"
}

# Stops every worker, for a reason: the whole of its process group gets TERM, and KILL ten seconds later.
fx_stop() {
  [ -e "$fx_dir/stopping" ] || fx_write stopping "$1"
  [ -z "$fx_killer" ] && [ "$fx_started" ] || return 0
  fx_signal TERM
  fx_after 10 fx_signal KILL &
  fx_killer=$!
}

fx_signal() {
  fx_n=0
  while [ "$fx_n" -lt "$fx_workers" ]; do
    # A worker that was started leaves one of the two at once.
    until [ -e "$fx_dir/$fx_n.pid" ] || [ -e "$fx_dir/$fx_n.code" ]; do sleep 0.1; done
    if [ ! -e "$fx_dir/$fx_n.code" ]; then
      fx_target=$(cat "$fx_dir/$fx_n.pid")
      # Before its setsid it leads no group yet.
      kill -s "$1" -- "-$fx_target" 2>/dev/null || kill -s "$1" "$fx_target" 2>/dev/null
    fi
    fx_n=$((fx_n + 1))
  done
}

# Whom the script runs as: fx_uid, fx_gid, fx_name and fx_home, from fx_user as `docker exec --user` takes it.
fx_find_user() {
  fx_uid=${fx_user%%:*} fx_gid='' fx_name='' fx_home=/
  while IFS=: read -r fx_login fx_skip fx_id_ fx_group fx_skip fx_path fx_skip; do
    if [ "$fx_login" = "$fx_uid" ] || [ "$fx_id_" = "$fx_uid" ]; then
      fx_uid=$fx_id_ fx_gid=$fx_group fx_name=$fx_login fx_home=$fx_path
      break
    fi
  done </etc/passwd
  case $fx_user in *:*)
    fx_gid=${fx_user#*:}
    while IFS=: read -r fx_login fx_skip fx_id_ fx_skip; do
      [ "$fx_login" != "$fx_gid" ] || fx_gid=$fx_id_
    done </etc/group
    ;;
  esac
  # A number need not be known, and its group is root's then; a name has to be.
  fx_gid=${fx_gid:-0}
  case $fx_uid$fx_gid in *[!0-9]*) return 1 ;; esac
}

# Runs a command as that user, by whatever the image has for it.
fx_become() {
  export HOME="$fx_home" USER="${fx_name:-$fx_uid}" LOGNAME="${fx_name:-$fx_uid}"
  # Others may pass the directory to what they are given in it, and see nothing else.
  chmod 711 "$fx_dir"
  chown "$fx_uid:$fx_gid" "$fx_dir/script" "$fx_dir/$FARGATE_EXEC_WORKER.o" "$fx_dir/$FARGATE_EXEC_WORKER.e"
  if setpriv --help 2>&1 | grep -q init-groups; then
    if [ "$fx_name" ]; then fx_groups=--init-groups; else fx_groups=--clear-groups; fi
    fx_session setpriv --reuid="$fx_uid" --regid="$fx_gid" "$fx_groups" -- "$@"
  elif command -v python3 >/dev/null; then
    fx_session python3 -I -S -c "$fx_python
name, uid, gid = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
os.initgroups(name, gid) if name else os.setgroups([])
os.setgid(gid)
os.setuid(uid)
become(sys.argv[4:])" "$fx_name" "$fx_uid" "$fx_gid" "$@"
  elif command -v su-exec >/dev/null; then
    fx_session su-exec "$fx_user" "$@"
  elif command -v gosu >/dev/null; then
    fx_session gosu "$fx_user" "$@"
  elif command -v su >/dev/null && [ "$fx_name" ]; then
    # shellcheck disable=SC2016 # the inner shell expands it
    fx_session su -s /bin/sh -c 'exec "$@"' "$fx_name" sh "$@"
  else
    echo "fargate-exec: nothing in the image can run a command as user '$fx_user' (setpriv, python3, su-exec, gosu, su)" >&2
    exit 126
  fi
}

fx_run() {
  if [ -z "$fx_user" ]; then
    fx_session "$@"
  elif fx_find_user; then
    fx_become "$@"
  else
    echo "fargate-exec: the image has no user '$fx_user'" >&2
    exit 126
  fi
}

fx_worker() {
  fx_began=$(date +%s)
  fx_code=143
  if [ ! -e "$fx_dir/stopping" ]; then
    (
      fx_environment
      fx_secret_environment
      fx_own_environment
      export FARGATE_EXEC_WORKER="$1"
      umask "$fx_umask"
      [ -z "$fx_workdir" ] || cd "$fx_workdir" || exit 1
      fx_command
    ) </dev/null >"$fx_dir/$1.o" 2>"$fx_dir/$1.e" &
    fx_pid=$!
    printf %s "$fx_pid" >"$fx_dir/$1.pid"
    wait "$fx_pid"
    fx_code=$?
  fi
  fx_seconds=$(($(date +%s) - fx_began))
  fx_stopped=
  [ ! -e "$fx_dir/stopping" ] || fx_stopped=!
  fx_write "$1.code" "$1=$fx_code:$fx_seconds$fx_stopped"
}

# Both recorders read the pipes of all workers and write the spool. Whoever is left in a pipe when the workers have
# ended is a daemon: its output is not the job's any more, but without a reader its next line would kill it. Both go on
# reading when the disk is full, and fx_stop_recording is false when not all of the output is in the spool.

fx_record_by_python() {
  printf '%s\n' "$fx_recorder_py" >"$fx_dir/recorder.py"
  printf %s "$fx_patterns" | python3 -I -S "$fx_dir/recorder.py" "$fx_dir" "$fx_workers" &
  fx_recorders=$!
  until [ -e "$fx_dir/recording" ]; do
    if ! kill -0 "$fx_recorders" 2>/dev/null; then
      fx_end refused "$(tail -n 1 "$fx_dir/err")"
      return 1
    fi
    sleep 0.02
  done
  fx_stop_recording() {
    # It reads what is there, and sees to daemons itself.
    kill "$fx_recorders" 2>/dev/null
    wait "$fx_recorders"
  }
}

fx_record_by_awk() {
  printf '%s\n' "$fx_recorder_awk" >"$fx_dir/recorder.awk"
  echo 0 >"$fx_dir/sizes"
  fx_recorders=
  fx_n=0
  while [ "$fx_n" -lt "$fx_workers" ]; do
    for fx_kind in o e; do
      mkfifo "$fx_dir/$fx_n.$fx_kind"
      LC_ALL=C fx_patterns=$fx_patterns \
        awk -f "$fx_dir/recorder.awk" "$fx_kind" "$fx_n" "$fx_workers" "$fx_dir/sizes" \
        <"$fx_dir/$fx_n.$fx_kind" >>"$fx_dir/out" &
      fx_recorders="$fx_recorders $!:$fx_n.$fx_kind"
    done
    fx_n=$((fx_n + 1))
  done
  fx_stop_recording() {
    fx_tries=20 fx_cut=''
    for fx_recorder in $fx_recorders; do
      fx_pid=${fx_recorder%%:*}
      while fx_lives && [ "$fx_tries" -gt 0 ]; do
        sleep 0.05
        fx_tries=$((fx_tries - 1))
      done
      if fx_lives; then
        # A reader is there before the last one goes. Opened both ways first: one end alone waits for the other.
        # shellcheck disable=SC2094 # it is a pipe
        exec 4<>"$fx_dir/${fx_recorder#*:}" 5<"$fx_dir/${fx_recorder#*:}" 4<&-
        fx_session cat <&5 >/dev/null 2>&1 5<&- &
        kill "$fx_pid"
        exec 5<&-
        fx_cut=1
      fi
      wait "$fx_pid"
    done
    # No awk tells of a write that failed, but each tells at its end how much there should be.
    fx_size header
    while read -r fx_written; do fx_bytes=$((fx_bytes + fx_written)); done <"$fx_dir/sizes"
    fx_wanted=$fx_bytes
    fx_size out
    [ "$fx_cut" ] || [ "$fx_bytes" -eq "$fx_wanted" ]
  }
}

fx_job() {
  fx_started='' fx_killer='' fx_pids='' fx_patterns='' fx_whole=''
  # A watcher that was cut on the way here has handed over a part only, which is nothing to start with.
  eval "$(cat)"
  [ "$fx_whole" ] || return
  # Whoever makes this directory is the job; any other was started because the first was slow to come.
  mkdir "$fx_dir/started" 2>/dev/null || return
  trap 'fx_stop cancelled' TERM
  trap 'fx_stop timed-out' USR1
  echo "$$" >"$fx_dir/pid"
  cat "$fx_dir/header" >"$fx_dir/out"
  for fx_name in stopping status; do fx_reserve "$fx_name"; done

  if command -v python3 >/dev/null 2>&1; then
    fx_record_by_python || return
  elif command -v awk >/dev/null 2>&1; then
    fx_record_by_awk
  else
    fx_end refused 'the image has neither python3 nor awk, one of which has to read the output'
    return
  fi

  fx_n=0
  while [ "$fx_n" -lt "$fx_workers" ]; do
    fx_reserve "$fx_n.code"
    fx_worker "$fx_n" &
    fx_pids="$fx_pids $!"
    fx_n=$((fx_n + 1))
  done
  fx_after "$fx_timeout" kill -s USR1 "$$" &
  fx_clock=$!
  fx_started=1
  [ ! -e "$fx_dir/stopping" ] || fx_stop "$(cat "$fx_dir/stopping")"

  # A signal ends a wait early; whoever still lives is waited for again.
  for fx_pid in $fx_pids; do
    while kill -0 "$fx_pid" 2>/dev/null; do wait "$fx_pid"; done
  done
  trap '' TERM USR1
  for fx_each in $fx_clock $fx_killer; do fx_dismiss "$fx_each"; done
  fx_lost=
  fx_stop_recording || fx_lost='not all of its output could be kept, as on a full disk'

  fx_codes=
  fx_n=0
  while [ "$fx_n" -lt "$fx_workers" ]; do
    [ -s "$fx_dir/$fx_n.code" ] || fx_lost="what waited for worker $fx_n was killed, and its exit status with it"
    fx_codes="$fx_codes${fx_codes:+,}$(cat "$fx_dir/$fx_n.code")"
    fx_n=$((fx_n + 1))
  done
  if [ "$fx_lost" ]; then
    fx_end lost "$fx_lost"
    return
  fi
  fx_reason=exited
  [ ! -e "$fx_dir/stopping" ] || fx_reason=$(cat "$fx_dir/stopping")
  fx_end "$fx_reason" "$fx_codes"
}

# Writes the status, then keeps the directory until somebody has taken it, or for ten minutes.
fx_end() {
  trap 'fx_tries=0' TERM
  fx_tries=600
  fx_write status "$1 $2"
  while [ "$fx_tries" -gt 0 ] && [ -d "$fx_dir" ]; do
    sleep 1 &
    fx_nap=$!
    wait "$fx_nap"
    fx_tries=$((fx_tries - 1))
  done
  kill -s KILL "$fx_nap" 2>/dev/null
  wait "$fx_nap"
  rm -rf "$fx_dir"
}

# --- Those who watch: any number, one after the other, each from the byte it is told.

# Everything that may be secret comes by this way: lines of printf escapes, a dot after the last.
fx_read_secrets() {
  fx_secrets=
  while IFS= read -r fx_line <&3 && [ "$fx_line" != . ]; do fx_secrets=$fx_secrets$fx_line; done
  fx_secrets=$(printf '%b' "$fx_secrets.")
  fx_secrets=${fx_secrets%.}
}

fx_listen() {
  while IFS= read -r fx_line; do
    : >"$fx_dir/heard"
    case $fx_line in
      taken) : >"$fx_dir/taken" ;;
      cancel) kill "$(cat "$fx_dir/pid")" ;;
    esac
  done
}

# The size of a file, in fx_bytes.
fx_size() {
  # Not wc: busybox's reads the whole file to know its size.
  # shellcheck disable=SC2046 # it is to be split into words
  set -- $(ls -ln "$fx_dir/$1")
  fx_bytes=${5:-0}
}

# Finds what packs bytes for a terminal, once, when they have to be packed.
fx_find_packer() {
  if command -v gzip >/dev/null && command -v base64 >/dev/null; then
    fx_packer() { gzip -c | base64; }
  elif command -v python3 >/dev/null; then
    fx_packer() {
      python3 -I -S -c '
import base64, gzip, sys
sys.stdout.buffer.write(base64.encodebytes(gzip.compress(sys.stdin.buffer.read())))'
    }
  else
    fx_mark 'n The image has neither gzip with base64 nor python3, so the output is sent as it is.'
    fx_pack=
    return 1
  fi
  fx_found_packer=1
}

# Sends the spool up to byte fx_bytes, or a piece of it: packed when more waits than fx_pack, which is empty for never.
fx_send() {
  fx_length=$((fx_bytes - fx_at))
  if [ "$fx_pack" ] && [ "$fx_length" -gt "$fx_pack" ] && { [ "$fx_found_packer" ] || fx_find_packer; }; then
    # Not all at once: a cut costs the whole piece.
    [ "$fx_length" -le 1048576 ] || fx_length=1048576
    fx_mark "# $fx_at $fx_length"
    tail -c "+$((fx_at + 1))" "$fx_dir/out" | head -c "$fx_length" | fx_packer
    fx_mark '%'
  else
    # Not all at once either: a backlog that grows behind it may have to be packed.
    [ "$fx_length" -le 262144 ] || fx_length=262144
    tail -c "+$((fx_at + 1))" "$fx_dir/out" | head -c "$fx_length"
    fx_unmarked=$((fx_unmarked + fx_length))
  fi
  fx_at=$((fx_at + fx_length))
  # By these, and by what is packed, the reader knows what it has for certain.
  [ "$fx_unmarked" -lt 1048576 ] || fx_tell_place
}

fx_tell_place() {
  fx_mark "~ $fx_at"
  fx_unmarked=0
}

fx_attach() {
  fx_mark "@$fx_at"
  printf '\n'
  fx_quiet=0
  fx_unmarked=0
  fx_found_packer=
  while :; do
    # In this order: whatever was written before the status is in the size that is read after it.
    fx_ended=
    [ ! -e "$fx_dir/status" ] || fx_ended=1
    fx_size out
    if [ "$fx_bytes" -gt "$fx_at" ]; then
      fx_send
      fx_quiet=0
    elif [ "$fx_ended" ]; then
      break
    elif [ ! -d "$fx_dir" ]; then
      fx_mark '! gone the directory of the job was removed while it ran'
      printf '\n'
      return
    elif read -r fx_pid <"$fx_dir/pid" && ! fx_lives && [ ! -e "$fx_dir/status" ]; then
      fx_mark '! lost the job was killed, and its exit status with it'
      printf '\n'
      return
    elif [ "$fx_child" ] && [ ! -e "$fx_dir/started" ] && fx_pid=$fx_child && ! fx_lives && [ ! -e "$fx_dir/started" ]; then
      fx_mark "! start $(fx_words)"
      printf '\n'
      return
    else
      fx_quiet=$((fx_quiet + 1))
      # A session in which nothing moves is cut after twenty minutes; every half minute something does.
      if [ "$fx_quiet" -ge 300 ]; then
        fx_tell_place
        fx_quiet=0
      fi
      if [ "$fx_quiet" -gt 20 ]; then sleep 0.1; else sleep 0.02; fi
    fi
  done
  fx_mark ". $fx_at $(cat "$fx_dir/status")"
  printf '\n'
}

# A terminal that nobody reads any more keeps a place for sessions, of which a container has one or two. Whoever
# attaches next frees it, and so does a watcher itself when its reader, who says so every twenty seconds, is gone.
fx_replace_watcher() {
  fx_pid=$(cat "$fx_dir/watcher")
  # A process of that number need not be the same one any more.
  if [ "$fx_pid" ] && grep -q "$fx_id" "/proc/$fx_pid/cmdline"; then kill -s KILL "$fx_pid"; fi
  printf %s "$$" >"$fx_dir/watcher"
}

fx_expect_reader() {
  while rm -f "$fx_dir/heard"; do
    fx_sleep 90 || return 0
    [ -e "$fx_dir/heard" ] || kill -s KILL "$$"
  done
}

fx_main() {
  # The terminal carries the spool and marks, nothing else: a complaint in between would be taken for output.
  exec 2>/dev/null
  fx_child=
  # While the secrets are on their way.
  [ -e "$fx_dir/header" ] || { fx_header >"$fx_dir/header.$$" && mv "$fx_dir/header.$$" "$fx_dir/header"; }
  [ "$fx_nonce" ] || IFS= read -r fx_nonce <&3
  # Of any other way it came the loader has told.
  [ -z "$fx_new" ] || [ "${fx_code+told}" ] || fx_mark 'n Script fetched by boto3.'
  fx_read_secrets
  fx_replace_watcher
  # A watcher that was cut here may have left nothing behind: then the next one starts the job.
  if [ ! -e "$fx_dir/started" ]; then
    printf %s "$fx_secrets" | fx_adopting /bin/sh "$fx_dir/job" "$fx_dir" "$fx_umask" >/dev/null 2>>"$fx_dir/err" 3<&- &
    fx_child=$!
  fi
  fx_secrets=
  fx_listen <&3 &
  fx_helpers=$!
  fx_expect_reader 3<&- &
  fx_helpers="$fx_helpers $!"
  fx_attach
  fx_tries=100
  until [ -e "$fx_dir/taken" ] || [ "$fx_tries" -eq 0 ]; do
    sleep 0.05
    fx_tries=$((fx_tries - 1))
  done
  for fx_each in $fx_helpers; do fx_dismiss "$fx_each"; done
  [ -e "$fx_dir/taken" ] || return 0
  fx_pid=$(cat "$fx_dir/pid")
  rm -rf "$fx_dir"
  kill "$fx_pid"
  [ -z "$fx_child" ] || wait "$fx_child"
}

if [ "${1-}" ]; then
  fx_dir=$1
  fx_umask=$2
  fx_job
else
  fx_main
fi
