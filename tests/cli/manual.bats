#!/usr/bin/env bats
# The manual pages, and what `make install` puts where.

load ../helper

@test "every command has a page, and every option of its help is in it" {
  "$PERFGATE" help --manual pages
  local command name option
  while read -r command; do
    name="perfgate-${command// /-}.1"
    [ -s "pages/$name" ] || { echo "no page $name"; return 1; }
    # shellcheck disable=SC2086
    for option in $("$PERFGATE" help $command | sed '/^common options:/,$d' | grep -oE '^  (-[a-zA-Z], )?--[a-z-]+' |
      grep -oE -- '--[a-z-]+'); do
      option="Fl \"\\&$(sed 's/^-//; s/-/\\-/g' <<<"$option")\""
      grep '^\.It' "pages/$name" | grep -qF -- "$option" || { echo "$name: $option is missing"; return 1; }
    done
    grep -q "^\.It Xr ${name%.1} 1$" pages/perfgate.1
  done < <("$PERFGATE" help | sed -n 's/^  \([a-z]\{1,\}\( [a-z]\{1,\}\)\{0,1\}\)  .*/\1/p')
  [ "$(find pages -name 'perfgate-*.1' | wc -l)" -eq "$("$PERFGATE" help | grep -cE '^  [a-z]+( [a-z]+)?  ')" ]
}

@test "the program's page has exit statuses, variables, files and examples" {
  "$PERFGATE" help --manual pages
  local section
  for section in NAME SYNOPSIS DESCRIPTION COMMANDS OPTIONS ENVIRONMENT FILES 'EXIT STATUS' EXAMPLES 'SEE ALSO'; do
    grep -qx "\.Sh $section" pages/perfgate.1
  done
  for section in 0 1 2 3 4 5 70 '128+n'; do grep -qxF ".It  \"\\&$section\"" pages/perfgate.1; done
  for section in LOAD_TEST_API_HOST PERFGATE_SMTP_URL PERFGATE_CONFIG NO_COLOR; do
    grep -q "^\.It Ev.*$section" pages/perfgate.1
  done
}

@test "the page of the configuration has every setting that config show prints" {
  "$PERFGATE" help --manual pages
  local key
  while read -r key _; do
    [[ $key == *[A-Z]* ]] && continue
    grep -qxF ".It Cm \"\\&$key\"" pages/ci_cd_config.yml.5 || { echo "$key is missing"; return 1; }
  done < <("$PERFGATE" config show)
}

@test "the pages are the same every time" {
  "$PERFGATE" help --manual one
  PERFGATE_OUTPUT=elsewhere COLUMNS=60 "$PERFGATE" help --manual two
  diff -r one two
}

@test "a folder that cannot be written is refused" {
  touch file
  run_split "$PERFGATE" help --manual file/pages
  expect_status 2
  expect_match "$errors" 'file'
}

@test "make install puts program, pages and completions where they are looked for" {
  need make
  local build to="$PWD/root with blank"
  build="$(cd "$(dirname "$PERFGATE")" && pwd)"
  env -u MAKEFLAGS -u MAKELEVEL make -s -C "$ROOT" BUILD="${build#"$ROOT"/}" DESTDIR="$to" PREFIX=/usr install
  cmp "$PERFGATE" "$to/usr/bin/perfgate"
  [ -s "$to/usr/share/man/man1/perfgate-baseline-show.1" ]
  [ -s "$to/usr/share/man/man5/ci_cd_config.yml.5" ]
  cmp "$ROOT/templates/config/suite.yml" "$to/usr/share/doc/perfgate/suite.yml"
  diff <("$to/usr/bin/perfgate" completion bash) "$to/usr/share/bash-completion/completions/perfgate"
  diff <("$to/usr/bin/perfgate" completion zsh) "$to/usr/share/zsh/site-functions/_perfgate"
  diff <("$to/usr/bin/perfgate" completion fish) "$to/usr/share/fish/vendor_completions.d/perfgate.fish"
}
