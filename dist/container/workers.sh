# --- The workers: copies of the script, each the leader of a process group, with one that waits for it.

# Sets the variables of the inputs; PATH is the container's own before.
fx_take_variables() {
  PATH=$fx_path
  fx_environment
  fx_secret_environment
}

# Becomes a command, with all the variables that the script of worker $1 is to have, as a user of home directory $2 and
# login name $3, if any. Once the first variable is set nothing of ours is read but parameters: no name that a variable
# has can change what is run, or as whom.
fx_launch() {
  fx_take_variables
  fx_own_environment
  export FARGATE_EXEC_WORKER="$1"
  [ -z "$3" ] || export HOME="$2" USER="$3" LOGNAME="$3"
  shift 3
  exec "$@"
}

# Enters the working directory, if there is one. To cd, `-` and `-P` are no directories, and what CDPATH says is another.
fx_enter_directory() {
  case $fx_workdir in
    '') ;;
    /*) cd "$fx_workdir" || return ;;
    *) cd "./$fx_workdir" || return ;;
  esac
}

# Runs worker $1 to its end, and leaves what became of it.
fx_worker() {
  fx_began=$(date +%s)
  fx_code=143
  if [ ! -e "$fx_dir/stopping" ]; then
    # shellcheck disable=SC2094 # they are pipes
    (
      [ -z "$fx_user" ] || fx_lend "$fx_dir/$1.o" "$fx_dir/$1.e"
      fx_enter_directory || exit
      umask "$fx_umask"
      fx_number=$1
      fx_exec() { fx_launch "$fx_number" "${fx_home-}" "${fx_user:+${fx_as_name:-$fx_as_uid}}" "$@"; }
      fx_command
    ) </dev/null >"$fx_dir/$1.o" 2>"$fx_dir/$1.e" &
    fx_script=$!
    fx_name "$fx_script"
    fx_write "$1.pid" "$fx_token"
    wait "$fx_script"
    fx_code=$?
  fi
  fx_seconds=$(($(date +%s) - fx_began))
  fx_stopped=
  [ ! -e "$fx_dir/stopping" ] || fx_stopped=!
  fx_write "$1.code" "$1=$fx_code:$fx_seconds$fx_stopped"
}

# Stops every worker, for a reason: the whole of its process group gets TERM, and KILL ten seconds later. Once, however
# often and in the middle of what it is told to.
fx_stop() {
  [ -e "$fx_dir/stopping" ] || fx_write stopping "$1"
  [ "$fx_started" ] && [ -z "$fx_signalled" ] || return 0
  fx_signalled=1
  # Apart, as fx_wake does it. Room for last words is there only after it: a worker that knew of no end would fill it.
  (
    fx_signal TERM
    : >"$fx_dir/told"
  )
  fx_after 10 fx_signal KILL &
  fx_name "$!"
  fx_killer=$fx_token
}

fx_signal() {
  for fx_each in $fx_all; do
    # A worker that was started leaves one of the two at once.
    until [ -e "$fx_dir/$fx_each.pid" ] || [ -e "$fx_dir/$fx_each.code" ]; do
      [ -d "$fx_dir" ] || return 0
      sleep 0.1
    done
    if [ ! -e "$fx_dir/$fx_each.code" ]; then
      fx_target=$(cat "$fx_dir/$fx_each.pid")
      # Before its setsid it leads no group yet. A shell that has just been forked may lose a signal: one that is still
      # a shell of ours is told again.
      while fx_is_group "$fx_target" && { kill -s "$1" -- "-$fx_pid" || kill -s "$1" "$fx_pid"; }; do
        grep -q "$fx_dir/job" "/proc/$fx_pid/cmdline" || break
        sleep 0.02
      done 2>/dev/null
    fi
  done
}

# Ends the scripts that nobody waits for any more, since what did was killed: TERM, and KILL a second later.
fx_end_orphans() {
  for fx_name in TERM KILL; do
    fx_found=
    for fx_file in "$fx_dir"/*.pid; do
      fx_target=$(cat "$fx_file")
      if [ ! -s "${fx_file%pid}code" ] && fx_is_group "$fx_target" && kill -s "$fx_name" -- "-$fx_pid"; then
        fx_found=1
      fi
    done
    [ "$fx_found" ] || return 0
    [ "$fx_name" = KILL ] || sleep 1
  done
} 2>/dev/null
