# --- Signals to processes and process groups of ours.
#
# Part of the command that stops a job, and of the job.

# fx_tell SIGNAL NAME: sends the signal, if the process of this name is still there.
fx_tell() { ! fx_is "$2" || kill -s "$1" "$fx_pid"; } 2>/dev/null

# fx_is_group NAME: whether the process of this name may lead a process group. Its number is then in fx_pid. A group may
# outlive its leader, and as long as it does no other process gets the number (POSIX, fork).
fx_is_group() { fx_is "$1" || { [ "$fx_pid" -gt 1 ] && [ ! -d "/proc/$fx_pid" ]; }; } 2>/dev/null

# fx_tell_group SIGNAL NAME: sends the signal to that group. False where there is none.
fx_tell_group() { fx_is_group "$2" && kill -s "$1" -- "-$fx_pid"; } 2>/dev/null
