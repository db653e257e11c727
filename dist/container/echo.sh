# --- The copy of the output for the container's own log, with `log-to-container`, when the image has no python3 (echo.py). The
# copier, a process of its own, follows the spool and writes to the standard output of PID 1. So nothing but the copier
# waits while that pipe is full.

# Opens that pipe on descriptor 4. False when it is no pipe, or not our user's: the application may have sent its output to any
# file. It is opened both ways first: opening one end alone waits for the other.
fx_open_log() {
  [ -p "$fx_echo" ] || return
  exec 7<>"$fx_echo"
  # shellcheck disable=SC2046 # it is to be split into words
  set -- $(ls -lnL /proc/self/fd/7)
  case $1,$3 in
    p*,"$fx_uid") exec 4>/proc/self/fd/7 7<&- ;;
    *) return 1 ;;
  esac
}

# Starts the copier, by name fx_copier, with the awk in fx_file. To be called before anything is recorded.
fx_start_copier() {
  if ! (fx_open_log) 2>/dev/null; then
    fx_note "The output is not copied to the container's log: the standard output of PID 1 is no pipe of the container runtime."
    return
  fi
  printf '%s\n' "$fx_echo_awk" >"$fx_dir/echo.awk"
  fx_copy "$fx_file" </dev/null 2>/dev/null &
  fx_name "$!"
  fx_copier=$fx_token
}

# Ends the copier, which first has a second for what it has not copied yet.
fx_stop_copier() {
  : >"$fx_dir/recorded"
  fx_read_hundredths
  fx_copy_until=$((fx_now + 100))
  while fx_lives "$fx_copier" && fx_read_hundredths && [ "$fx_now" -lt "$fx_copy_until" ]; do sleep 0.01; done
  ! fx_lives "$fx_copier" ||
    fx_note "The last of the output is not in the container's log, which has not taken it in time."
  fx_dismiss "$fx_copier"
}

# fx_copy AWK: becomes the copier. TERM ends it, and what it runs.
fx_copy() {
  fx_copying_awk=$1 fx_off='' fx_nap=''
  trap fx_wake TERM
  fx_open_log || return
  fx_at=0 fx_missed=0 fx_copied=''
  until [ "$fx_copied" ]; do
    if [ ! -e "$fx_dir/out.$fx_at" ]; then
      # The reader has confirmed that piece, and perhaps others behind it.
      fx_find_pieces 0
      [ "$fx_oldest" ] || break
      fx_missed=$((fx_missed + fx_oldest - fx_at)) fx_at=$fx_oldest
    fi
    # The redirection fails when the piece has just been removed.
    fx_copy_piece 5<"$fx_dir/out.$fx_at"
  done
  # Waits for dd, which ends once its reader was killed. TERM ends `wait` early, so it is repeated.
  until wait; do :; done
}

# Copies the piece that is open on descriptor 5, to its end. Sets fx_copied when no other one follows.
fx_copy_piece() {
  fx_open_piece=$fx_at
  until [ "$fx_copied" ]; do
    # Look for `recorded` and for the next piece before the size, which then includes all that was written before them.
    fx_recorded=''
    [ ! -e "$fx_dir/recorded" ] || fx_recorded=1
    fx_find_pieces 999999999999999999
    # The piece's name may be gone.
    # shellcheck disable=SC2046 # it is to be split into words
    set -- $(ls -lnL /proc/self/fd/5)
    fx_length=$((fx_open_piece + ${5:-0} - fx_at))
    if [ "$fx_length" -gt 0 ]; then
      fx_copy_more || fx_copied=1
    elif [ "${fx_begin:-0}" -gt "$fx_open_piece" ]; then
      return
    elif [ "$fx_recorded" ] || [ -z "$fx_begin" ] || ! fx_sleep 0.1; then
      fx_copied=1
      # The last bytes were removed before they were copied. echo.awk says so; dd is asked for one byte, and reads none.
      [ "$fx_missed" -eq 0 ] || { fx_length=1 && fx_copy_more; }
    fi
  done
}

# Copies the next fx_length bytes, but no more than a part has. False when the pipe takes no more, or at TERM.
fx_copy_more() {
  fx_nap=''
  [ "$fx_length" -le 262144 ] || fx_length=262144
  dd bs="$fx_length" count=1 <&5 |
    LC_ALL=C "$fx_copying_awk" -f "$fx_dir/echo.awk" "$fx_length" "$fx_missed" "$fx_dir/rest" >&4 4>&- 5<&- &
  fx_name "$!"
  fx_nap=$fx_token
  [ -z "$fx_off" ] || fx_tell KILL "$fx_nap"
  fx_at=$((fx_at + fx_length)) fx_missed=0
  wait "${fx_nap%:*}"
  fx_exit_code=$?
  # The signal ends `wait` early.
  while fx_is "$fx_nap"; do
    wait "${fx_nap%:*}"
    fx_exit_code=$?
  done
  [ -z "$fx_off" ] && [ "$fx_exit_code" -eq 0 ]
}
