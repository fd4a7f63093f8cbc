#!/usr/bin/env bash
# Writes a file of Markdown as our comment on the pull request PULL_REQUEST; the file's first line, a
# marker, identifies the comment to change. Everything that varies comes from variables and the file, so
# nothing of the pull request is ever part of a script.
set -euo pipefail

IFS= read -r MARKER <"$1"
export MARKER
issues="repos/$GITHUB_REPOSITORY/issues"
ours=$(gh api --paginate "$issues/$PULL_REQUEST/comments?per_page=100" --jq '.[]
  | select(.user.login == "github-actions[bot]" and (.body | startswith(env.MARKER))) | .id')
if [ -n "$ours" ]; then
  gh api --silent --method PATCH "$issues/comments/${ours%%$'\n'*}" -F "body=@$1"
else
  gh api --silent --method POST "$issues/$PULL_REQUEST/comments" -F "body=@$1"
fi
