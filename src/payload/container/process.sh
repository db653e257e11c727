# --- A process of ours, told from another one that has got its number.
#
# Part of the bootstrap, of what stops a job, and of the job.

# A process is named by its number and its start time, as 4711:88231: numbers come again. Sets fx_token to the name of
# process $1, and fx_state.
fx_name() {
  fx_token=$1:
  fx_state=
  IFS= read -r fx_stat <"/proc/$1/stat" || return
  # shellcheck disable=SC2086 # it is to be split into words
  set -- ${fx_stat##*\) }
  fx_state=$1 fx_token=$fx_token${20-}
} 2>/dev/null

# Whether a process of this name is there, and sets fx_pid to its number.
fx_is() {
  fx_pid=${1%:*}
  [ "$fx_pid" -gt 1 ] && fx_name "$fx_pid" && [ "$fx_token" = "$1" ]
}
