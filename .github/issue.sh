#!/usr/bin/env bash
# Keeps one issue open while the outcome of a step, DRIFT or ALARMS, is not `success`: later runs change
# it, and close it when both succeed. Its first line, a marker, identifies it. What the steps wrote comes
# from files, so nothing of it is ever part of a script.
set -euo pipefail

export MARKER='<!-- tt-ops operations -->'
body="$RUNNER_TEMP/issue.md"
issues="repos/$GITHUB_REPOSITORY/issues"
ours=$(gh api --paginate "$issues?state=open&per_page=100" --jq '.[]
  | select(.user.login == "github-actions[bot]" and ((.body // "") | startswith(env.MARKER))) | .number')

if [ "$DRIFT" = success ] && [ "$ALARMS" = success ]; then
  for issue in $ours; do
    gh api --silent --method PATCH "$issues/$issue" -f state=closed
  done
  exit
fi

{
  echo "$MARKER"
  echo "The last run found something wrong: $RUN has every error, with what to type."
  # GitHub takes 65,536 characters.
  if [ "$DRIFT" != success ]; then
    printf '\n## Drift: %s\n\n' "$DRIFT"
    head -c 30000 "$RUNNER_TEMP/drift.md" || true
  fi
  if [ "$ALARMS" != success ]; then
    printf '\n## Alarms: %s\n\n' "$ALARMS"
    head -c 20000 "$RUNNER_TEMP/alarms.txt" | sed 's/^/    /' || true # a block of code
  fi
} >"$body"
if [ -n "$ours" ]; then
  gh api --silent --method PATCH "$issues/${ours%%$'\n'*}" -F "body=@$body"
else
  gh api --silent --method POST "$issues" -f "title=Operations: drift, or an alarm that is not proven" -F "body=@$body"
fi
