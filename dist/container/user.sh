# --- The user: how the script becomes one, by whatever the image has for it.

# Whom the script runs as: fx_as_uid, fx_as_gid, fx_as_name and fx_home, from fx_user as `docker exec --user` takes it.
fx_find_user() {
  fx_as_uid=${fx_user%%:*} fx_as_gid='' fx_as_name='' fx_home=/
  while IFS=: read -r fx_login fx_skip fx_number fx_group fx_skip fx_path_ fx_skip; do
    if [ "$fx_login" = "$fx_as_uid" ] || [ "$fx_number" = "$fx_as_uid" ]; then
      fx_as_uid=$fx_number fx_as_gid=$fx_group fx_as_name=$fx_login fx_home=$fx_path_
      break
    fi
  done </etc/passwd
  case $fx_user in *:*)
    fx_as_gid=${fx_user#*:}
    while IFS=: read -r fx_login fx_skip fx_number fx_skip; do
      [ "$fx_login" != "$fx_as_gid" ] || fx_as_gid=$fx_number
    done </etc/group
    ;;
  esac
  # A number need not be known, and its group is root's then; a name has to be.
  fx_as_gid=${fx_as_gid:-0}
  for fx_number in "$fx_as_uid" "$fx_as_gid"; do
    # To the kernel the number after these means no change, and programs take a higher one for another: for 0, say.
    case $fx_number in *[!0-9]* | ???????????*) return 1 ;; esac
    [ "$fx_number" -le 4294967294 ] || return 1
  done
}

# What in the image can run a command as that user: fx_way, and the program fx_becomer.
fx_find_way() {
  for fx_way in setpriv python3 su-exec gosu su; do
    fx_becomer=$(command -v "$fx_way") || continue
    case $fx_way in
      setpriv) "$fx_becomer" --help 2>&1 | grep -q init-groups || continue ;;
      su) [ "$fx_as_name" ] || continue ;;
    esac
    return 0
  done
  return 1
}

# Gives that user what it may read and write of ours. Others may pass the directory to it, and see nothing else.
fx_lend() {
  chmod 711 "$fx_dir"
  chown "$fx_as_uid:$fx_as_gid" "$@"
}

# Runs a command as that user, by `fx_exec` or by `fx_session`.
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
      "$fx_by" "$fx_becomer" -I -S -c "$fx_python
name, uid, gid = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
os.initgroups(name, gid) if name else os.setgroups([])
os.setgid(gid)
os.setuid(uid)
become(sys.argv[4:])" "$fx_as_name" "$fx_as_uid" "$fx_as_gid" "$@"
      ;;
    su) "$fx_by" "$fx_becomer" -s /bin/sh -c 'exec "$@"' "$fx_as_name" sh "$@" ;;
    *) "$fx_by" "$fx_becomer" "$fx_user" "$@" ;;
  esac
}

fx_run() {
  if [ "$fx_user" ]; then
    fx_become fx_session "$@"
  else
    fx_session "$@"
  fi
}
