as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}
if ! command -v perfgate >/dev/null; then
  if [ -z "$INSTALL_PERFGATE_FROM" ]; then
    echo "perfgate is not installed here. Say how in ci_cd_config.yml (ci: {install: ...})" >&2
    echo "or set INSTALL_PERFGATE_FROM to the git URL of perfgate, to have it built here." >&2
    exit 2
  fi
  rm -rf .perfgate-source
  git init -q .perfgate-source
  revision=${INSTALL_PERFGATE_REVISION:-HEAD}
  git -C .perfgate-source fetch -q --depth 1 "$INSTALL_PERFGATE_FROM" "$revision"
  git -C .perfgate-source checkout -q FETCH_HEAD
  as_root make -C .perfgate-source deps
  make -C .perfgate-source
  as_root make -C .perfgate-source install
fi
