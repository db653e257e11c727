# --- The workers: copies of the script. Each is the leader of a process group, and a subshell of the job waits for it.

# Prints the variables of the inputs as calls of fx_set, for launch.sh and try.sh. No program of the action runs with them as
# root: LD_PRELOAD and others would make it run what they name.
fx_print_variables() {
  printf '%s\n' "$fx_environment" "$fx_secret_environment" "$fx_own_environment"
  [ -z "${fx_batch-}" ] || fx_print_item
}

# fx_run WORD...: becomes the program of a worker. Called through fx_command (job-text.ts).
fx_run() {
  fx_as_user fx_session /bin/sh -c "$fx_launch_sh" sh \
    "$fx_path" "$fx_workdir" "$fx_dir/$fx_number" "${fx_home-}" "${fx_user:+${fx_as_name:-$fx_as_uid}}" "$@"
}

# Opens the pipes of worker fx_number as standard output and standard error. To open a pipe waits for its recorder, and when that was killed
# until the `timeout` of the job. The one in python3 reads before any worker starts, and with a batch the worker has both open already, so then
# each is opened both ways first, which waits for nothing. A recorder in awk may still have to open the pipes of a script without items.
fx_open_output() {
  [ -z "$fx_python3${fx_batch-}" ] || exec 4<>"$fx_dir/$fx_number.o" 5<>"$fx_dir/$fx_number.e"
  exec >"$fx_dir/$fx_number.o" 2>"$fx_dir/$fx_number.e" 4<&- 5<&-
}

# Becomes worker fx_number, with its variables on standard input.
fx_become_worker() {
  fx_open_output
  [ -z "$fx_user" ] || fx_lend "$fx_dir/$fx_number.o" "$fx_dir/$fx_number.e" "$fx_dir/$fx_number.output" "$fx_dir/$fx_number.summary" \
    ${fx_batch:+"$fx_dir/$fx_items_file" "$fx_dir/$fx_report" "$fx_item_dir"}
  umask "$fx_umask"
  # One pipe, whose order is the order of the writes.
  [ -z "$fx_merged" ] || exec 2>&1
  fx_command fx_run
}

# fx_read_hundredths [FILE]: sets fx_now to the hundredths of a second since the machine's start, now or when FILE was copied from
# /proc/uptime. Setting a clock does not change them (proc(5), uptime).
# shellcheck disable=SC2329 # fx_worker calls it
fx_read_hundredths() {
  read -r fx_now fx_skip <"${1:-/proc/uptime}"
  # A number with a zero before it would be octal.
  fx_now=$((${fx_now%.*} * 100 + 1${fx_now#*.} - 100))
}

# Whether 'shell: bash' would find a program in the container's PATH.
# shellcheck disable=SC2329 # fx_worker calls it
fx_has_bash() {
  (
    PATH=$fx_path
    command -v bash >/dev/null
  )
}

# Runs the script as worker fx_number, and sets fx_exit_code. The script gets none of the descriptors of this shell.
# shellcheck disable=SC2329 # fx_worker calls it
fx_run_script() {
  fx_print_variables | fx_become_worker 6<&- 7<&- 8>&- 9<&- &
  fx_script=$!
  fx_name "$fx_script"
  fx_name_script "$fx_token"
  wait "$fx_script"
  fx_exit_code=$?
}

# fx_name_script NAME: writes the worker's pid file. The first name appears whole. A later one, or none, is written in its place, in as many bytes,
# without a program and with no more room on the disk.
# shellcheck disable=SC2329 # fx_worker calls it
fx_name_script() {
  if [ -e "$fx_dir/$fx_number.pid" ]; then
    printf '%-40s\n' "$1" 1<>"$fx_dir/$fx_number.pid"
  elif [ "$1" ]; then
    fx_write "$fx_number.pid" "$1"
  fi
}

# fx_find_seconds HUNDREDTHS: sets fx_seconds to the seconds since then.
# shellcheck disable=SC2329 # fx_worker calls it
fx_find_seconds() {
  fx_read_hundredths
  fx_took=$((fx_now - $1))
  fx_seconds=$((fx_took / 100)).$((fx_took / 10 % 10))$((fx_took % 10))
}

# fx_worker NUMBER: runs a worker to its end, and writes its pid and code files.
fx_worker() {
  fx_number=$1
  fx_read_hundredths
  fx_began_at=$fx_now
  fx_exit_code=143
  if [ "$fx_items" ]; then
    fx_run_items
    fx_exit_code=$fx_worker_code
  elif [ ! -e "$fx_dir/stopping" ]; then
    fx_run_script
  fi
  fx_find_seconds "$fx_began_at"
  fx_signs=
  ! fx_has_bash || fx_signs=b
  [ ! -e "$fx_dir/stopping" ] || fx_signs=$fx_signs!
  fx_write "$fx_number.code" "$fx_number=$fx_exit_code:$fx_seconds$fx_signs"
}

# TERM tells the job that its step is cancelled, USR1 that its time is over. A trap may come any number of times, and may interrupt a function
# that uses the same variables.
fx_trap_stops() {
  trap 'fx_stop cancelled' TERM
  trap 'fx_stop timed-out' USR1
}

# fx_stop REASON: stops every worker. The worker's whole process group gets TERM, and KILL ten seconds later. After a cancel, or when
# the fence stops the job, KILL comes three seconds later: the runner gives up a cancelled step and its outputs after 7.5 s (undo/budget.ts).
#
# It may be called any number of times, also by a trap, so what it calls runs in subshells. The first reason is the one that is told.
fx_stop() {
  [ -e "$fx_dir/stopping" ] || (fx_write stopping "$1")
  [ "$fx_started" ] || return 0
  case $fx_signalled in *"$1"*) return 0 ;; esac
  [ -z "$fx_artifacts" ] || [ "$1" = timed-out ] || (fx_hurry)
  fx_signalled="$fx_signalled $1"
  (
    [ -z "$fx_items" ] || fx_wake_workers
    fx_signal_workers TERM
    # The spool takes a segment more from now on. Earlier, a worker that has not got TERM yet would fill it.
    : >"$fx_dir/told"
  )
  case $1 in
    cancelled | fenced) fx_after 3 fx_kill_workers & ;;
    *) fx_after 10 fx_kill_workers & ;;
  esac
  fx_killer="$fx_killer $(fx_name "$!" && printf %s "$fx_token")"
}

# The directory of an item is packed up to now (item-dir.sh). A script of root may have stopped the subshell that waits for it, or a recorder.
fx_kill_workers() {
  : >"$fx_dir/killing"
  fx_signal_workers KILL
  for fx_each in $fx_running $fx_recorders; do fx_tell CONT "${fx_each%,*}"; done
  [ -z "$fx_items" ] || fx_kill_packers
}

# fx_signal_workers SIGNAL
fx_signal_workers() {
  for fx_each in $fx_all; do
    # A worker that has started writes one of the two files at once. Between two scripts it has no name in the first.
    until [ -e "$fx_dir/$fx_each.code" ] || { fx_read_name "$fx_dir/$fx_each.pid" && [ "$fx_leader" ]; }; do
      [ -d "$fx_dir" ] || return 0
      sleep 0.1
    done
    if [ ! -e "$fx_dir/$fx_each.code" ]; then
      # Before its setsid a worker leads no group. A shell that was just forked may lose a signal, so a worker that is
      # still a shell of ours gets it again.
      while fx_is_group "$fx_leader" && { kill -s "$1" -- "-$fx_pid" || kill -s "$1" "$fx_pid"; }; do
        grep -q "$fx_dir/job" "/proc/$fx_pid/cmdline" || break
        sleep 0.02
      done 2>/dev/null
    fi
  done
}

# Ends the workers whose subshell of the job was killed: TERM, and KILL a second later.
fx_end_orphans() {
  for fx_each in TERM KILL; do
    fx_found=
    for fx_pid_file in "$fx_dir"/*.pid; do
      if [ ! -s "${fx_pid_file%pid}code" ] && fx_read_name "$fx_pid_file" && fx_tell_group "$fx_each" "$fx_leader"; then fx_found=1; fi
    done
    [ "$fx_found" ] || return 0
    [ "$fx_each" = KILL ] || sleep 1
  done
} 2>/dev/null
