source=$checkout
if [ ! -d "$source/include/perfgate" ]; then
  if [ -z "$INSTALL_PERFGATE_FROM" ]; then
    echo "perfgate is not installed here. Say how in ci_cd_config.yml (ci: {install: ...})" >&2
    echo "or set INSTALL_PERFGATE_FROM to the git URL of perfgate, to have it built here." >&2
    exit 2
  fi
  source=$scratch/perfgate-source
  rm -rf "$source"
  git init -q "$source"
  revision=${INSTALL_PERFGATE_REVISION:-HEAD}
  git -C "$source" fetch -q --depth 1 "$INSTALL_PERFGATE_FROM" "$revision"
  git -C "$source" checkout -q FETCH_HEAD
fi
