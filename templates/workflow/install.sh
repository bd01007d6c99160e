if ! command -v perfgate >/dev/null || [ -d include/perfgate ]; then
  checkout=.
  scratch=.perfgate
  {{>workflow/source.sh}}
  make -C "$source" deps
  make -C "$source"
  make -C "$source" install
fi
