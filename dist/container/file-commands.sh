# --- The files GITHUB_OUTPUT and GITHUB_STEP_SUMMARY of each worker, N.output and N.summary. When all workers have ended, the
# content of the files goes into the spool, behind all that was printed. The same recorder redacts it, and it is carried as output
# is.

# Makes the files of all workers.
fx_make_files() {
  for fx_n in $fx_all; do
    for fx_kind in output summary; do printf '' >"$fx_dir/$fx_n.$fx_kind"; done
  done
}

# Adds the files to the spool. No process is started when all are empty. False when not all of them could be kept.
fx_keep_files() {
  # What all runs of items have written (item-results.sh).
  fx_of_items=${fx_items:+.runs}
  for fx_n in $fx_all; do
    if [ -s "$fx_dir/$fx_n.output$fx_of_items" ] || [ -s "$fx_dir/$fx_n.summary$fx_of_items" ]; then
      # From now on the job is not held, however much waits for the reader.
      : >"$fx_dir/ending"
      [ "$fx_python3" ] || fx_tool awk
      fx_recorder=$fx_file
      fx_print_files | fx_keep
      return
    fi
  done
}

# Prints the records of all files. The files of a kind may have 1 MiB together, in the order of the workers. A file that does not fit
# is left out as a whole, because a part of it would have another meaning.
fx_print_files() {
  for fx_kind in output summary; do
    fx_room=1048576
    for fx_n in $fx_all; do
      fx_name_=$fx_n.$fx_kind$fx_of_items
      [ -s "$fx_dir/$fx_name_" ] || continue
      fx_size "$fx_name_"
      # A script of root can put anything in the file's place.
      if [ -f "$fx_dir/$fx_name_" ] && [ ! -L "$fx_dir/$fx_name_" ] && [ "$fx_bytes" -le "$fx_room" ]; then
        fx_room=$((fx_room - fx_bytes))
        fx_print_file
      else
        fx_which=$fx_n
        [ "$fx_workers" -gt 1 ] || fx_which=''
        printf '\033]7733;x%s\007%s %s\n' "$fx_which" "$fx_kind" "$fx_bytes"
      fi
    done
  done
}

# Prints the records of the file fx_name_, with the tag that carriers/stream/marks.ts has for its kind. A daemon may go on writing to the file,
# so at most 1 MiB is read.
fx_print_file() {
  fx_tag=s
  [ "$fx_kind" = summary ] || fx_tag=r
  dd bs=4096 count=256 <"$fx_dir/$fx_name_" 2>/dev/null | fx_record_file "$fx_tag" "$fx_n" "$fx_workers"
}
