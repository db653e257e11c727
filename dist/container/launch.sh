# Becomes the script, as its user, in the session of its worker. No process that is still root has the script's variables, or has
# entered its directory. /bin/sh -c runs this, with the variables on standard input as calls of fx_set, and the arguments
#
#     PATH DIRECTORY WORKER HOME LOGIN WORD...
#
# WORKER is the path of the worker's files, which ends with its number. LOGIN is empty when no input names a user. Once the first
# variable is set, only the arguments are read: no variable can change what is run.
fx_enter "$2" || exit 126
fx_set() { export "$1=$2"; }
fx_variables=$(cat)
fx_input=${3%/*}/input
[ -e "$fx_input" ] || fx_input=/dev/null
exec <"$fx_input"
[ -z "$5" ] || export HOME="$4" USER="$5" LOGNAME="$5"
PATH=$1
eval "$fx_variables"
export FARGATE_EXEC_WORKER="${3##*/}" GITHUB_OUTPUT="$3.output" GITHUB_STEP_SUMMARY="$3.summary"
shift 5
exec "$@"
