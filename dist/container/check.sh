# --- The check before anything starts: whether the script can be run as the inputs say. When it can't, the job ends as
# `refused`, because a script that never ran has not failed.

# Sets fx_flaw (try.sh), which is empty when nothing is wrong, and what the workers need to know of the user (user.sh).
fx_check() {
  fx_flaw=
  if [ -e "$fx_dir/short" ]; then
    fx_flaw='tool: the disk has no room for what is brought into the container'
  elif [ "$fx_user" ] && ! fx_find_user; then
    fx_flaw="user: the image has no user '$fx_user'"
  elif [ "$fx_user" ] && ! fx_find_way; then
    fx_flaw='tool: nothing in the image can run a command as another user (setpriv, python3, su-exec, gosu, su)'
  else
    [ -z "$fx_user" ] || fx_lend "$fx_dir/script"
    [ -z "$fx_user" ] || [ ! -e "$fx_dir/input" ] || fx_lend "$fx_dir/input"
    # Standard error goes to a file, because a shell or a loader may warn of a variable and go on.
    fx_said=$(fx_print_variables | fx_command fx_try 2>"$fx_dir/err")
    case $fx_said in
      .) ;;
      *"
.") fx_flaw=${fx_said%??} ;;
      *) fx_flaw="tool: ${fx_way:-/bin/sh} can't become user '$fx_user': $(fx_words)" ;;
    esac
  fi
}

# fx_try WORD...: prints what is wrong with this command of the script, and a dot.
fx_try() {
  fx_as_user exec /bin/sh -c "$fx_try_sh" sh "$fx_path" "$fx_workdir" "$fx_user" "$fx_dir/script" "$@"
}

# Sets the script's time of access to the year 2000, so that a read can be seen. Sets fx_unread to how `ls -lu` shows the script then;
# empty when the image has no program that can set the time.
fx_note_unread() {
  fx_unread=''
  ! fx_tool touch || ! "$fx_file" -t 200001010000 "$fx_dir/script" || fx_unread=$(ls -lu "$fx_dir/script")
}

# Whether no worker has read the script. Then it has not run, whatever the exit code of `shell` is: `env`, `timeout` and
# others may not find their command, and a shell may take the script's path for something else. False when a read can't be
# seen: a file system that is mounted noatime keeps the time.
fx_is_unread() {
  [ "$fx_unread" ] && [ "$(ls -lu "$fx_dir/script")" = "$fx_unread" ] || return
  cat "$fx_dir/script" >/dev/null
  [ "$(ls -lu "$fx_dir/script")" != "$fx_unread" ]
}
