# --- The command of a shell's session, behind safe.sh and ours.sh. It becomes forward_start.py where there is a python3 that is safe to run, so
# that a relay keeps the shell's terminal. Else the terminal of the session is the shell's.
#
# CloudTrail records the command, so it is short and holds no secret. Comments and indentation are not sent.

# fx_about: what a job has left for a shell (keep.sh).
for fx_id in $fx_run kept; do
  fx_find fx_ours && [ -s "$fx_dir/shell" ] && break
done
export fx_about="$fx_dir/shell"
fx_file=$(command -v python3)
[ "$fx_file" ] && fx_safe "$fx_file" && fx_safe "${fx_on%/*/*}"/lib*/python3* || fx_plain=1
[ "$fx_plain" ] || PATH=$fx_path exec "$fx_file" -ISc "$fx_start" "$fx_sha"

# What is typed is not shown. Without a byte for 25 s the runner is lost.
exec 2>&1
fx_tty=$(stty -g) && stty -echo -icanon min 0 time 250 || {
  printf "\33]7733;echo\7\n"
  exit
}
printf "\33]7733;plain\7\n"
fx_text= fx_line=
while IFS= read -r fx_line && [ "$fx_line" != . ]; do fx_text=$fx_text$fx_line; done
stty "$fx_tty"
[ "$fx_line" = . ] || exit
# It sets fx_nonce and fx_shell.
eval "$(printf %b "$fx_text")"
# A key that interrupts reaches this process, too.
trap : INT QUIT
PATH=$fx_path
# shellcheck disable=SC2154 # what is typed sets it
printf "\33]7733;%s begun\7" "$fx_nonce"
fx_shell
printf "\33]7733;%s %s\7" "$fx_nonce" $?
