# --- What a job leaves for a shell in its container (shell.sh): its working directory and its variables, without secrets.

# Writes the file `shell` into the job's directory, which is there as long as the job. When the task lives on, fx_lives_on is 1, and the directory
# `fargate-exec-kept` beside the job's gets it, too: it is that of the last job that was started here.
fx_leave_about() {
  fx_write_for_shell
  [ "$fx_lives_on" ] || return 0
  fx_leave_beside ||
    fx_mark "n A shell in this task will not have the job's directory and variables, because ${fx_dir%/*}/fargate-exec-kept can't be written."
}

# fx_ours is about fx_dir.
fx_leave_beside() {
  fx_beside=$fx_dir fx_wrote=
  fx_dir=${fx_dir%/*}/fargate-exec-kept
  [ -e "$fx_dir" ] || mkdir "$fx_dir"
  if fx_ours && fx_write_for_shell; then fx_wrote=1; fi
  fx_dir=$fx_beside
  [ "$fx_wrote" ]
}

# Its first line names the run. fx_for_shell sets fx_directory. The file appears with all its lines, or not at all.
# shellcheck disable=SC2154 # job-text.ts sets it
fx_write_for_shell() {
  printf '%s\n' "# $fx_id" "$fx_for_shell" "$fx_environment" "$fx_own_environment" >"$fx_dir/shell.new" &&
    mv -f "$fx_dir/shell.new" "$fx_dir/shell"
}
