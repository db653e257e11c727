# --- The user: how the script becomes one, by whatever the image has for it.

# Whom the script runs as: fx_uid, fx_gid, fx_name and fx_home, from fx_user as `docker exec --user` takes it.
fx_find_user() {
  fx_uid=${fx_user%%:*} fx_gid='' fx_name='' fx_home=/
  while IFS=: read -r fx_login fx_skip fx_id_ fx_group fx_skip fx_path fx_skip; do
    if [ "$fx_login" = "$fx_uid" ] || [ "$fx_id_" = "$fx_uid" ]; then
      fx_uid=$fx_id_ fx_gid=$fx_group fx_name=$fx_login fx_home=$fx_path
      break
    fi
  done </etc/passwd
  case $fx_user in *:*)
    fx_gid=${fx_user#*:}
    while IFS=: read -r fx_login fx_skip fx_id_ fx_skip; do
      [ "$fx_login" != "$fx_gid" ] || fx_gid=$fx_id_
    done </etc/group
    ;;
  esac
  # A number need not be known, and its group is root's then; a name has to be.
  fx_gid=${fx_gid:-0}
  case $fx_uid$fx_gid in *[!0-9]*) return 1 ;; esac
}

# Runs a command as that user, by whatever the image has for it.
fx_become() {
  export HOME="$fx_home" USER="${fx_name:-$fx_uid}" LOGNAME="${fx_name:-$fx_uid}"
  # Others may pass the directory to what they are given in it, and see nothing else.
  chmod 711 "$fx_dir"
  chown "$fx_uid:$fx_gid" "$fx_dir/script" "$fx_dir/$FARGATE_EXEC_WORKER.o" "$fx_dir/$FARGATE_EXEC_WORKER.e"
  if setpriv --help 2>&1 | grep -q init-groups; then
    if [ "$fx_name" ]; then fx_groups=--init-groups; else fx_groups=--clear-groups; fi
    fx_session setpriv --reuid="$fx_uid" --regid="$fx_gid" "$fx_groups" -- "$@"
  elif command -v python3 >/dev/null; then
    fx_session python3 -I -S -c "$fx_python
name, uid, gid = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
os.initgroups(name, gid) if name else os.setgroups([])
os.setgid(gid)
os.setuid(uid)
become(sys.argv[4:])" "$fx_name" "$fx_uid" "$fx_gid" "$@"
  elif command -v su-exec >/dev/null; then
    fx_session su-exec "$fx_user" "$@"
  elif command -v gosu >/dev/null; then
    fx_session gosu "$fx_user" "$@"
  elif command -v su >/dev/null && [ "$fx_name" ]; then
    # shellcheck disable=SC2016 # the inner shell expands it
    fx_session su -s /bin/sh -c 'exec "$@"' "$fx_name" sh "$@"
  else
    echo "fargate-exec: nothing in the image can run a command as user '$fx_user' (setpriv, python3, su-exec, gosu, su)" >&2
    exit 126
  fi
}

fx_run() {
  if [ -z "$fx_user" ]; then
    fx_session "$@"
  elif fx_find_user; then
    fx_become "$@"
  else
    echo "fargate-exec: the image has no user '$fx_user'" >&2
    exit 126
  fi
}
