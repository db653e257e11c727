# --- A process group of ours.
#
# Part of what stops a job, and of the job.

# Whether there may be a process group of the process of this name, and sets fx_pid to its number. It may outlive its
# leader; for as long as it does, nobody else gets its number.
fx_is_group() { fx_is "$1" || { [ "$fx_pid" -gt 1 ] && [ ! -d "/proc/$fx_pid" ]; }; } 2>/dev/null
