# --- Processes of ours: how they begin, wait and end.

# Finds our own programs once, by their full paths, so that they stay the same whatever PATH the script is given. Sets
# fx_python3, fx_setsid and fx_env. Each is empty when the image has none, or when another user can replace it. Begins to try
# whether `env` can give signals back.
fx_find_programs() {
  fx_tool python3
  fx_python3=$fx_file
  fx_tool setsid
  fx_setsid=$fx_file
  fx_tool env
  fx_env=$fx_file
  { [ "$fx_setsid" ] && "$fx_env" --default-signal=INT,QUIT "$fx_setsid" true; } 2>/dev/null &
  fx_trying=$!
}

# Waits for the end of that try. Empties fx_env when `env` can't give signals back.
fx_settle_programs() { wait "$fx_trying" || fx_env=''; }

# fx_session WORD...: becomes that program as the leader of a new session. A shell starts its background commands with INT
# and QUIT ignored (POSIX, Asynchronous Lists). The new program gets these signals again when the image can do that.
fx_session() {
  if [ "$fx_env" ]; then
    exec "$fx_env" --default-signal=INT,QUIT "$fx_setsid" "$@"
  elif [ "$fx_python3" ]; then
    exec "$fx_python3" -I -S -c "$fx_become_py" session "$@"
  else
    exec "$fx_setsid" "$@"
  fi
}

# fx_adopting WORD...: the same, and the program becomes the parent of the processes that its descendants leave behind, so that it
# can wait for their ends. PID 1 of a container may be a program that reaps no child.
fx_adopting() {
  if [ "$fx_python3" ]; then
    exec "$fx_python3" -I -S -c "$fx_become_py" adopt "$@"
  else
    fx_session "$@"
  fi
}

# fx_lives NAME: whether the process of this name still works. One that has ended and was not waited for does not.
fx_lives() { fx_is "$1" && [ "$fx_state" != Z ]; }

# fx_sleep SECONDS: false once the process has got TERM, which ends the sleep early. The `sleep` never outlives the
# process, not even as a zombie: PID 1 may be a program that reaps no child.
fx_off='' fx_nap=''
fx_sleep() {
  fx_nap=
  trap fx_wake TERM
  sleep "$1" &
  fx_name "$!"
  fx_nap=$fx_token
  [ -z "$fx_off" ] || fx_tell KILL "$fx_nap"
  # The signal ends `wait` early, before the sleep is reaped.
  while fx_is "$fx_nap"; do wait "${fx_nap%:*}"; done
  [ -z "$fx_off" ]
}
fx_wake() {
  fx_off=1
  # In a subshell: the trap may interrupt a function that uses the same variables.
  (fx_tell KILL "$fx_nap")
}

# fx_after SECONDS FUNCTION [ARGUMENT...]: calls the function after SECONDS, unless the process gets TERM before.
fx_after() {
  fx_read_hundredths
  fx_after_=$((fx_now + $1 * 100))
  # A script may end all programs named `sleep`.
  while [ "$fx_now" -lt "$fx_after_" ]; do
    fx_left_=$((fx_after_ - fx_now))
    fx_sleep "$((fx_left_ / 100)).$((fx_left_ / 10 % 10))$((fx_left_ % 10))" || return 0
    fx_read_hundredths
  done
  shift
  "$@"
}

# fx_dismiss NAME: ends a child and waits for it. A shell that was just forked may lose a signal before it has its own traps, so
# TERM is sent until the child has ended.
fx_dismiss() {
  while fx_lives "$1"; do
    kill "$fx_pid" 2>/dev/null
    sleep 0.003
  done
  wait "${1%:*}"
}

# Waits 2 s for the end of the child fx_child, which may go on without its directory. After that what is below the child gets TERM, as at a cancel, and
# KILL from three seconds later on. So each parent reaps its children, and the child ends by itself, as a rule; after five more seconds it is killed.
fx_end_lost_child() {
  fx_naps=0
  while fx_lives "$fx_child"; do
    fx_naps=$((fx_naps + 1))
    case $fx_naps in
      20) fx_signal_below TERM ;;
      [5-9]?) fx_signal_below KILL ;;
      100) fx_tell_group KILL "$fx_child" ;;
    esac
    sleep 0.1
  done
}

# fx_signal_below SIGNAL: sends it to all processes below fx_child, but not to those of its own process group that are parents: these reap.
fx_signal_below() {
  fx_below=" ${fx_child%:*} " fx_parents=' ' fx_found=1
  while [ "$fx_found" ]; do
    fx_found=
    for fx_process in /proc/[0-9]*; do
      fx_name "${fx_process#/proc/}"
      case $fx_state$fx_below in Z* | ' '* | *" ${fx_token%:*} "*) continue ;; esac
      # shellcheck disable=SC2086 # it is to be split into words
      set -- "$1" ${fx_s##*\) }
      case $fx_below in *" $3 "*) fx_below="$fx_below${fx_token%:*} " fx_parents="$fx_parents$3 " fx_found=1 ;; esac
    done
  done
  for fx_each in ${fx_below#* * }; do
    fx_name "$fx_each"
    # shellcheck disable=SC2086 # it is to be split into words
    set -- "$1" ${fx_s##*\) }
    case $4$fx_parents in "${fx_child%:*} "*" $fx_each "*) ;; *) [ -z "$fx_state" ] || fx_tell "$1" "$fx_token" ;; esac
  done
} 2>/dev/null
