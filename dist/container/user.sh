# --- The user of the script, and the program of the image that switches to it.

# Reads fx_user, in the form of `docker exec --user`, into fx_as_uid, fx_as_gid, fx_as_name and fx_home. False when the
# image has no such user.
fx_find_user() {
  fx_as_uid=${fx_user%%:*} fx_as_gid='' fx_as_name='' fx_home=/
  # The last line of either file may have no end.
  while IFS=: read -r fx_login fx_skip fx_number fx_group fx_skip fx_path_ fx_skip || [ "$fx_login" ]; do
    if [ "$fx_login" = "$fx_as_uid" ] || [ "$fx_number" = "$fx_as_uid" ]; then
      fx_as_uid=$fx_number fx_as_gid=$fx_group fx_as_name=$fx_login fx_home=$fx_path_
      break
    fi
  done </etc/passwd
  case $fx_user in *:*)
    fx_as_gid=${fx_user#*:}
    while IFS=: read -r fx_login fx_skip fx_number fx_skip || [ "$fx_login" ]; do
      [ "$fx_login" != "$fx_as_gid" ] || fx_as_gid=$fx_number
    done </etc/group
    ;;
  esac
  # Docker takes a number that /etc/passwd lacks, with the group of root. A name has to be in it.
  fx_as_gid=${fx_as_gid:-0}
  for fx_number in "$fx_as_uid" "$fx_as_gid"; do
    # 4294967295 means "no change" to setresuid(2), and programs take a higher number for another one, such as 0.
    case $fx_number in *[!0-9]* | ???????????*) return 1 ;; esac
    [ "$fx_number" -le 4294967294 ] || return 1
  done
}

# Finds what can run a command as that user: sets fx_way to its kind, and fx_becomer to the program. False when the image has
# nothing.
fx_find_way() {
  for fx_way in setpriv python3 su-exec gosu su; do
    fx_tool "$fx_way" || continue
    fx_becomer=$fx_file
    case $fx_way in
      setpriv) "$fx_becomer" --help 2>&1 | grep -q init-groups || continue ;;
      su) [ "$fx_as_name" ] || continue ;;
    esac
    return 0
  done
  return 1
}

# fx_lend FILE...: gives these files to that user, and lets users pass through the job directory to them.
fx_lend() {
  chmod 711 "$fx_dir"
  chown "$fx_as_uid:$fx_as_gid" "$@"
}

# fx_become HOW WORD...: runs a command as that user. HOW is exec or fx_session.
# shellcheck disable=SC2016 # the inner shell expands it
fx_become() {
  fx_by=$1
  shift
  case $fx_way in
    setpriv)
      if [ "$fx_as_name" ]; then fx_groups=--init-groups; else fx_groups=--clear-groups; fi
      "$fx_by" "$fx_becomer" --reuid="$fx_as_uid" --regid="$fx_as_gid" "$fx_groups" -- "$@"
      ;;
    python3)
      "$fx_by" "$fx_becomer" -I -S -c "$fx_become_py" user "$fx_as_name" "$fx_as_uid" "$fx_as_gid" "$@"
      ;;
    # Without `--` the su of busybox and that of util-linux would take the command's options for their own.
    su) "$fx_by" "$fx_becomer" -s /bin/sh -c 'exec "$@"' -- "$fx_as_name" sh "$@" ;;
    *) "$fx_by" "$fx_becomer" "$fx_user" "$@" ;;
  esac
}

# fx_as_user HOW WORD...: runs a command as the user of the script.
fx_as_user() { if [ "$fx_user" ]; then fx_become "$@"; else "$@"; fi; }
