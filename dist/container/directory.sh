# --- Files of the job directory. README.md lists them.

# fx_reserve FILE: reserves disk space for a line that fx_write writes later, so that the job can report a full disk.
fx_reserve() { echo >"$fx_dir/$1.new"; }

# fx_write FILE LINE: the file appears with the whole of its one line, or not at all.
fx_write() {
  fx_to=$fx_dir/$1 fx_text=$2
  printf '%s\n' "$fx_text" 1<>"$fx_to.new"
  mv "$fx_to.new" "$fx_to"
}

# fx_size FILE: its size in fx_bytes, 0 when there is none.
fx_size() {
  # Not by wc: that of busybox reads the whole file.
  # shellcheck disable=SC2046 # it is to be split into words
  set -- $(ls -ln "$fx_dir/$1")
  fx_bytes=${5:-0}
}

# Wakes an attacher that waits for news. The pipe is opened both ways: opening one end alone waits for the other.
fx_wake_attacher() { [ ! -p "$fx_dir/news" ] || echo 1<>"$fx_dir/news"; }

# fx_open_pipe NAME: opens a pipe: descriptor 8 reads from it, and 6 writes to it. A process that is to see the pipe's end has to
# close 6. The name of the pipe is gone at once.
fx_open_pipe() {
  [ ! -e "$fx_dir/$1" ] || rm -f "$fx_dir/$1"
  mkfifo "$fx_dir/$1"
  # Opening one end alone waits for the other.
  # shellcheck disable=SC2094 # it is a pipe
  exec 7<>"$fx_dir/$1" 8<"$fx_dir/$1" 6>"$fx_dir/$1" 7<&-
  rm -f "$fx_dir/$1"
}
