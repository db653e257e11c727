# --- The name of a process: its number and its start time, as 4711:88231. The kernel reuses numbers.
#
# Part of the bootstrap, of the command that stops a job, and of the job.

# fx_name PID: sets fx_token to the name of the process, and fx_state to its state (proc(5)). PID may be `self`.
fx_name() {
  fx_token=$1: fx_state=""
  read -r fx_s <"/proc/$1/stat" || return
  # The second field, the program, may hold blanks and ends with the last parenthesis.
  # shellcheck disable=SC2086 # it is to be split into words
  set -- "${fx_s%% *}" ${fx_s##*\) }
  fx_state=$2 fx_token=$1:${21-}
} 2>/dev/null

# fx_is NAME: whether there is a process of this name. Sets fx_pid to its number.
fx_is() {
  fx_pid=${1%:*}
  [ "$fx_pid" -gt 1 ] && fx_name "$fx_pid" && [ "$fx_token" = "$1" ]
}
