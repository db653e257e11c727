# --- Signals to processes and process groups of ours.
#
# Part of the command that stops a job, and of the job.

# fx_tell SIGNAL NAME: sends the signal, if the process of this name is still there.
fx_tell() { ! fx_is "$2" || kill -s "$1" "$fx_pid"; } 2>/dev/null

# fx_is_group NAME: whether the process of this name may lead a process group. Its number is then in fx_pid. A group may
# outlive its leader, and as long as it does no other process gets the number (POSIX, fork).
fx_is_group() { fx_is "$1" || { [ "$fx_pid" -gt 1 ] && [ ! -d "/proc/$fx_pid" ]; }; } 2>/dev/null

# fx_tell_group SIGNAL NAME: sends the signal to that group. False when there is none.
fx_tell_group() { fx_is_group "$2" && kill -s "$1" -- "-$fx_pid"; } 2>/dev/null

# fx_end_session NAME: ends the session whose command is the process of this name, and that process. The end of the command
# alone does not end a session that has lost its client, or never had one. The gateway pauses the agent then. A paused agent does
# not read the terminal, and so does not see the terminal's end. The agent's session worker, which has started the command, ends its
# session at TERM (amazon-ssm-agent, agent/session/shell/shell.go).
fx_end_session() {
  fx_is "$1" || return
  # shellcheck disable=SC2086 # it is to be split into words
  set -- ${fx_s##*\) }
  [ "$2" -gt 1 ] && read -r fx_comm <"/proc/$2/comm" && [ "$fx_comm" = ssm-session-wor ] && kill -s TERM "$2"
  kill -s KILL "$fx_pid"
} 2>/dev/null

# fx_read_name FILE: sets fx_leader to the name in it, without the blanks behind it (fx_name_script). One read takes all of it: the file may be
# rewritten meanwhile.
fx_read_name() {
  fx_leader=$(cat "$1") || return
  fx_leader=${fx_leader%% *}
} 2>/dev/null
