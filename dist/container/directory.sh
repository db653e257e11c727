# The job and those who watch it. bootstrap.sh sources this file in the process that ECS Exec started, which then
# attaches; the job itself is this file run once more, in a session of its own, so that no end of a watcher is the
# end of the job.
#
# In the job directory: job (this file), script, header, out.N (the spool from byte N on), N.o N.e (pipes of worker N), N.pid, N.code,
# started (made by the job: the lock of its start), pid (of the job), stopping (why it is being stopped), status (its
# end), taken (somebody has read that), watcher (the process that shows it), heard (its reader is there), news (the pipe
# that wakes the watcher), recording (there is a recorder in python3), held (as much waits for the reader as
# may), joined (the pipe of all recorders in awk), ending (the workers have ended), reader (when the
# reader was last heard), about (what other runs are told), alone (for how many seconds others have waited for this job
# while nobody followed it), waits (this run waits for others), cancelled (it was cancelled meanwhile). What names a
# process names it as process.sh does.
#
# Every name of ours begins with fx_ and none is exported: the container's own variables stay what they are.

# A file that is there with all of its one line or not at all, and whose room on the disk is taken beforehand: a
# script that fills the disk is to be told about too.
fx_reserve() { echo >"$fx_dir/$1.new"; }
fx_write() {
  printf '%s\n' "$2" 1<>"$fx_dir/$1.new"
  mv "$fx_dir/$1.new" "$fx_dir/$1"
}

# Wakes the watcher, if it is one that waits to be woken. Opened both ways, which waits for nobody.
fx_wake_watcher() { [ ! -p "$fx_dir/news" ] || echo 1<>"$fx_dir/news"; }

# The size of a file, in fx_bytes.
fx_size() {
  # Not wc: busybox's reads the whole file to know its size.
  # shellcheck disable=SC2046 # it is to be split into words
  set -- $(ls -ln "$fx_dir/$1")
  fx_bytes=${5:-0}
}
