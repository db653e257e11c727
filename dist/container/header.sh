# --- The header: the line by which a log stream with a random name is traced back to its task and its run.

# The endpoint is on the task's own link: no proxy of the container's leads to it.
fx_get() (
  unset http_proxy HTTP_PROXY all_proxy ALL_PROXY
  if command -v curl >/dev/null; then
    curl -sf -m 2 --noproxy '*' "$1"
  elif command -v python3 >/dev/null; then
    python3 -I -S -c '
import sys, urllib.request as u
print(u.build_opener(u.ProxyHandler({})).open(sys.argv[1], timeout=2).read().decode())' "$1"
  else
    # busybox has no such option, and reads no file that could name a proxy.
    wget -q -T 2 -t 1 --no-proxy -O - "$1" || wget -q -T 2 -O - "$1"
  fi 2>/dev/null
)

# The first value of a key in a JSON text on standard input, without jq: one pair a line, then look for the key.
fx_field() {
  # shellcheck disable=SC2020 # each of the three becomes a line's end
  tr '{},' '\n\n\n' | sed -n 's/^ *"'"$1"'": *"\{0,1\}\([^"]*\)"\{0,1\} *$/\1/p' | head -n 1
}

fx_header() {
  fx_uri=$ECS_CONTAINER_METADATA_URI_V4
  fx_task=$([ -z "$fx_uri" ] || fx_get "$fx_uri/task")
  fx_here=$([ -z "$fx_uri" ] || fx_get "$fx_uri")
  printf '\033]7733;h\007fargate-exec'
  printf ' %s' "run=$fx_id"
  if [ "$fx_task" ]; then
    printf ' %s' "cluster=$(printf %s "$fx_task" | fx_field Cluster)" \
      "task=$(printf %s "$fx_task" | fx_field TaskARN)" \
      "container=$(printf %s "$fx_here" | fx_field Name)" \
      "image=$(printf %s "$fx_here" | fx_field Image)" \
      "cpu=$(printf %s "$fx_task" | fx_field CPU)" \
      "memory=$(printf %s "$fx_task" | fx_field Memory)"
  else
    printf ' %s' "cluster=$fx_cluster" "task=$fx_arn" "container=$fx_container" 'metadata=unavailable'
  fi
  [ -z "$fx_url" ] || printf ' %s' "url=$fx_url"
  printf '\n'
}
