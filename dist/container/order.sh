# --- For the uploader by curl: reads the order, which the runner has typed, and the object `control`, which the runner
# writes into the bucket. objects.py does the same for the uploader in python3.

fx_find_hasher() {
  fx_tool sha256sum || fx_tool openssl || return
  fx_hasher=$fx_file
}

# Prints the SHA-256 of standard input. A blank and other words may follow.
fx_hash() {
  case $fx_hasher in
    *openssl) "$fx_hasher" dgst -sha256 -r ;;
    *) "$fx_hasher" ;;
  esac
}

# fx_seal KIND NUMBER BEGIN LENGTH BODY: sets fx_header to the first line of an object whose body is in that file.
fx_seal() {
  fx_inner=$({ printf '%sfx1 %s %s %s %s %s\n' "$fx_inner_key" "$fx_order_job" "$1" "$2" "$3" "$4" && cat "$5"; } | fx_hash)
  fx_mac=$(printf %s%s "$fx_outer_key" "${fx_inner%% *}" | fx_hash)
  fx_header="fx1 $1 $2 $3 $4 ${fx_mac%% *}"
}

# Reads the file `order`, and writes its secrets into the files that curl reads. False when something is missing.
fx_read_order() {
  fx_order_job='' fx_inner_key='' fx_outer_key='' fx_order_begin='' fx_largest='' fx_folder='' fx_post_until='' fx_word='' fx_value='' fx_quoted=''
  fx_form_url='' fx_control_url='' fx_query=''
  : >"$fx_dir/post.curl"
  while IFS= read -r fx_line; do
    case $fx_line in
      'field+ '*' '*)
        fx_line=${fx_line#* }
        fx_value=$fx_value${fx_line#* }
        ;;
      *+' '*) fx_value=$fx_value${fx_line#*+ } ;;
      *)
        fx_take_word
        fx_word=${fx_line%% *} fx_value=${fx_line#* }
        ;;
    esac
  done <"$fx_dir/order"
  fx_take_word
  # curl must not take a bracket in an address for a range of addresses.
  printf 'url = "%s"\nproto = "=%s"\ngloboff\n' "$fx_form_url" "${fx_form_url%%:*}" >>"$fx_dir/post.curl"
  printf 'url = "%s"\nproto = "=%s"\ngloboff\n' "$fx_control_url${fx_query:+?$fx_query}" "${fx_control_url%%:*}" >"$fx_dir/get.curl"
  [ "$fx_order_job" ] && [ "$fx_inner_key" ] && [ "$fx_outer_key" ] && [ "$fx_order_begin" ] && [ "$fx_largest" ] && [ "$fx_folder" ] &&
    [ "$fx_post_until" ] && [ "$fx_form_url" ] && [ "$fx_control_url" ] && [ -z "$fx_quoted" ]
}

# Takes fx_word with its whole value. A quote or a backslash in the value would be syntax for curl.
fx_take_word() {
  case $fx_value in *[\"\\]*) fx_quoted=1 ;; esac
  case $fx_word in
    job) fx_order_job=$fx_value ;;
    key) fx_inner_key=${fx_value% *} fx_outer_key=${fx_value#* } ;;
    begin) fx_order_begin=$fx_value ;;
    largest) fx_largest=$fx_value ;;
    folder) fx_folder=$fx_value ;;
    post-until) fx_post_until=$fx_value ;;
    url) fx_form_url=$fx_value ;;
    field) printf 'form-string = "%s=%s"\n' "${fx_value%% *}" "${fx_value#* }" >>"$fx_dir/post.curl" ;;
    control) fx_control_url=$fx_value ;;
    query) fx_query=$fx_value ;;
  esac
}

# Reads the file `carried`, which says how far the order was carried out.
fx_read_carried() {
  fx_sequence=0 fx_at=$fx_order_begin fx_control=0 fx_over=0
  if read -r fx_job_ fx_word fx_value fx_line fx_rest <"$fx_dir/carried" && [ "$fx_job_" = "$fx_order_job" ]; then
    fx_sequence=$fx_word fx_at=$fx_value fx_control=$fx_line fx_over=$fx_rest
  fi
} 2>/dev/null

fx_write_carried() { fx_write carried "$fx_order_job $fx_sequence $fx_at $fx_control $fx_over"; }

# Gets `control`, and obeys a new one.
fx_look() {
  fx_seen=$fx_now fx_unseen=0
  fx_ask -K "$fx_dir/get.curl"
  case $fx_http in
    000 | 5??) return ;;
    404)
      if [ "$fx_control" -gt 0 ] && [ "$fx_over" -eq 1 ]; then
        # The runner has deleted it, because it has taken the end.
        fx_obey taken
        fx_obey over
      fi
      ;;
    200)
      if fx_read_control; then
        fx_control=$fx_number
        fx_write_carried
        fx_obey "here $fx_from"
        fx_renew
        fx_obey_words
      fi
      ;;
  esac
}

# Reads the answer into fx_number, fx_from and the file `body`. False unless it is a `control` of the runner, newer than
# the last one, and at most a day ahead of the time (AHEAD in objects.py).
fx_read_control() {
  read -r fx_rest fx_kind fx_number fx_from fx_length fx_rest <"$fx_dir/answer" || return
  for fx_each in "$fx_number" "$fx_from" "$fx_length"; do
    case $fx_each in '' | *[!0-9]* | 0?* | ????????????????*) return 1 ;; esac
  done
  [ "$fx_kind" = control ] && [ "$fx_number" -gt "$fx_control" ] && [ "$fx_number" -le $(($(date +%s) + 86400)) ] || return
  tail -n +2 "$fx_dir/answer" >"$fx_dir/body"
  fx_size body
  fx_seal control "$fx_number" "$fx_from" "$fx_bytes" "$fx_dir/body"
  IFS= read -r fx_line <"$fx_dir/answer" && [ "$fx_line" = "$fx_header" ]
}

# Takes new signatures from the file `body`. The new lines of a kind replace all earlier ones of that kind, also those that go on
# (`field+`), which only a typed order has. All else stays as it was typed, because a holder of the job's handle can write `control`, too.
fx_renew() {
  fx_signature='field\+? (policy|x-amz-(credential|date|security-token|signature))'
  LC_ALL=C grep -iE "^($fx_signature [A-Z0-9%&=+/._~-]+|query [A-Z0-9%&=+/._~-]+|post-until [0-9]{1,12})\$" "$fx_dir/body" |
    grep -E '^(field|query|post-until) ' >"$fx_dir/renewed"
  [ -s "$fx_dir/renewed" ] || return 0
  fx_kinds=''
  for fx_each in post-until 'query\+?' "$fx_signature"; do
    ! grep -qiE "^$fx_each " "$fx_dir/renewed" || fx_kinds="$fx_kinds${fx_kinds:+|}$fx_each"
  done
  {
    grep -viE "^($fx_kinds) " "$fx_dir/order"
    cat "$fx_dir/renewed"
  } >"$fx_dir/order.made" && mv "$fx_dir/order.made" "$fx_dir/order"
  rm -f "$fx_dir/renewed"
  fx_read_order
  fx_again=0 fx_pause=0
}

fx_obey_words() {
  while IFS= read -r fx_line; do
    case $fx_line:$fx_over in
      cancel:*) [ -e "$fx_dir/status" ] || fx_obey cancel ;;
      detach:*) fx_obey detach ;;
      'items '*:*) fx_obey "$fx_line" ;;
      taken:1)
        fx_obey taken
        fx_obey over
        ;;
      attach:*) fx_obey over ;;
    esac
  done <"$fx_dir/body"
}
