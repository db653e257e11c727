# --- The uploader: a process of the job that puts the spool into S3 piece by piece, once the runner has typed an order that
# says where. It reads the object `control` there, by which the runner confirms, cancels and takes the end when no session is left.
# Only a job whose output S3 may carry has it (pieces in job-text.ts).
#
# The uploader is a supervisor, which obeys the runner, and a program that it starts for each order: uploader.py, or curl (curl.sh).

# fx_take_line LINE: takes a line of an order from the reader (carriers/pieces/orders.ts). The first one is `job`, the last one a dot.
fx_take_line() {
  case $1 in
    'job '*) printf '%s\n' "$1" >"$fx_dir/ordered.new" ;;
    .)
      mv "$fx_dir/ordered.new" "$fx_dir/ordered"
      # The supervisor opens the pipe first, and then looks for the order. So either it has the pipe, or it finds the order.
      [ ! -p "$fx_dir/carrier" ] || echo 1<>"$fx_dir/carrier"
      ;;
    *) printf '%s\n' "$1" >>"$fx_dir/ordered.new" ;;
  esac
}

# fx_end_uploader NAME: ends the uploader, whose parent need not be the caller. No upload begins after that.
fx_end_uploader() {
  while fx_lives "$1"; do
    kill "$fx_pid"
    sleep 0.003
  done
} 2>/dev/null

# Becomes the uploader of the job.
fx_upload() {
  trap - TERM
  mkfifo "$fx_dir/carrier"
  exec 4<>"$fx_dir/carrier"
  fx_await_order
  fx_apart fx_carry_orders
}

# Waits for an order without running a program. TERM ends the process here.
fx_await_order() {
  until [ -e "$fx_dir/ordered" ]; do IFS= read -r fx_line <&4; done
}

# Carries out one order after the other, until TERM.
fx_carry_orders() {
  until [ "$fx_off" ]; do
    trap fx_wake TERM
    if [ -e "$fx_dir/ordered" ]; then
      rm -f "$fx_dir"/carried* "$fx_dir"/piece.*
      mv "$fx_dir/ordered" "$fx_dir/order"
    fi
    if [ ! -e "$fx_dir/order" ]; then
      [ -d "$fx_dir" ] || return
      trap - TERM
      fx_await_order
    elif [ "$fx_python3" ]; then
      fx_carry_by_python
    else
      fx_carry_by_curl
    fi
    # An order that is still there was not carried out, because its program has failed. The program is started again, and goes on
    # with the same bytes.
    [ ! -e "$fx_dir/order" ] || [ -e "$fx_dir/ordered" ] || fx_sleep 1
  done
}

fx_carry_by_python() {
  [ -e "$fx_dir/uploader.py" ] || printf '%s\n' "$fx_uploader_py" >"$fx_dir/uploader.py"
  [ -p "$fx_dir/said" ] || mkfifo "$fx_dir/said"
  # The pipe is opened both ways first: opening one end alone waits for the other.
  exec 5<>"$fx_dir/said"
  "$fx_python3" -I -S "$fx_dir/uploader.py" "$fx_dir" >"$fx_dir/said" </dev/null 4<&- 5<&- &
  fx_name "$!"
  fx_nap=$fx_token
  exec 6<"$fx_dir/said" 5<&-
  [ -z "$fx_off" ] || fx_tell KILL "$fx_nap"
  while IFS= read -r fx_line <&6; do fx_obey "$fx_line"; done
  exec 6<&-
  # A signal ends `wait` early.
  wait "${fx_nap%:*}"
  while fx_is "$fx_nap"; do wait "${fx_nap%:*}"; done
}

# fx_obey LINE: does what the runner has written into `control`, or what the uploader's program asks for.
fx_obey() {
  case $1 in
    'here '*)
      # In a subshell, since it uses variables of the uploader.
      (fx_confirm "${1#here }")
      fx_note_beat beat.s3
      ;;
    'items '*) [ -z "$fx_items" ] || fx_take_order "${1#items }" ;;
    cancel) fx_cancel ;;
    detach) : >"$fx_dir/detached" ;;
    taken)
      # The file is not empty: the reader of a session has not written it.
      echo >"$fx_dir/taken"
      fx_tell TERM "$fx_self"
      ;;
    lost) fx_end_orphans ;;
    'n '*) fx_note "${1#n }" ;;
    over)
      rm -f "$fx_dir"/order "$fx_dir"/*.curl "$fx_dir"/carried* "$fx_dir"/piece.*
      fx_lives "$fx_self" || fx_bury
      ;;
  esac
}

# Leaves nothing of a job that was killed. It also ends this process, which is of the job's group.
fx_bury() {
  fx_end_task
  rm -rf "$fx_dir"
  fx_tell_group KILL "$fx_self"
}
