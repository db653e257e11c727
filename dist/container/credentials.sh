# --- The credentials of the task, for a script when the exec agent has none: from the environment of PID 1.

# Whether there are any.
fx_have_credentials() { [ "$AWS_CONTAINER_CREDENTIALS_RELATIVE_URI$AWS_CONTAINER_CREDENTIALS_FULL_URI$AWS_ACCESS_KEY_ID" ]; }

# Takes them from PID 1. False when there is nothing to take.
#
# When PID 1 is ours, it takes the credential variables by name, and only values without a character that a shell interprets.
# When PID 1 is another user's, it takes only the path of the task's credentials. A path of this form names no host, so that
# user can choose neither a host nor keys.
fx_take_credentials() {
  ! fx_have_credentials || return
  if [ -O /proc/1/environ ]; then
    # A value may have line ends of its own.
    eval "$(tr '\0\n' '\n\001' </proc/1/environ |
      LC_ALL=C sed -nE 's,^AWS_(CONTAINER_(CREDENTIALS_(RELATIVE|FULL)_URI|AUTHORIZATION_TOKEN(_FILE)?)|ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN)=[[:alnum:]/+=:._%-]*$,export &,p')"
  else
    fx_relative=$(fx_read_environ | tr '\0\n' '\n\001' |
      LC_ALL=C sed -nE 's,^AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=(/v2/credentials/[0-9a-f-]+)$,\1,p' | head -n 1)
    [ -z "$fx_relative" ] || export AWS_CONTAINER_CREDENTIALS_RELATIVE_URI="$fx_relative"
  fi
  fx_have_credentials
} 2>/dev/null

# Prints the environment of a PID 1 that is another user's.
fx_read_environ() { cat /proc/1/environ || { fx_tool python3 && "$fx_file" -I -S -c "$fx_environ_py"; }; }
