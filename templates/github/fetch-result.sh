limit=$((64 * 1024 * 1024))
folder=$RUNNER_TEMP/perfgate-forks
nothing() {
  echo "nothing to tell: $1"
  exit 0
}
refuse() {
  echo "refused: $1" >&2
  exit 2
}
for tool in curl jq unzip; do
  command -v "$tool" >/dev/null || refuse "this job needs $tool"
done
rm -rf "$folder"
mkdir -p "$folder"
umask 077
# The token in a file: arguments can be read by every process.
printf 'header = "Authorization: Bearer %s"' "$GITHUB_TOKEN" >"$folder/curl"
ask() { # ask PATH: of the API; the token does not follow to another host
  curl -fsSL --retry 2 --max-redirs 3 --max-time 120 -K "$folder/curl" \
    "$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/$1" | head -c "$((limit + 1))"
}
ask "actions/runs/$RUN_ID/artifacts?name=perfgate-results" >"$folder/list" ||
  refuse "the artifacts of run $RUN_ID cannot be listed"
filter='first(.artifacts[] | select(.name == "perfgate-results" and (.expired | not)))
  | "\(.id | tonumber) \(.size_in_bytes | tonumber)"'
read -r id bytes < <(jq -r "$filter" "$folder/list") || nothing "the run kept no artifact"
[ "$bytes" -le "$limit" ] || refuse "the artifact has $bytes bytes, more than $limit"
ask "actions/artifacts/$id/zip" >"$folder/zip" || refuse "the artifact cannot be fetched"
# Only this name, and to a file of ours: no path, link or other member is unpacked.
status=0
unzip -p "$folder/zip" result.json 2>/dev/null </dev/null |
  head -c "$((limit + 1))" >"$folder/result.json" || status=$?
[ "$status" -ne 11 ] || nothing "the artifact has no result.json"
[ "$(wc -c <"$folder/result.json")" -le "$limit" ] || refuse "result.json has more than $limit bytes"
[ "$status" -eq 0 ] || refuse "the artifact is no archive"
rm -f "$folder/curl" "$folder/zip"
echo "result=$folder/result.json" >>"$GITHUB_OUTPUT"
