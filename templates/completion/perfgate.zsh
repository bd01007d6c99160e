#compdef perfgate
# Completion of perfgate for zsh. In ~/.zshrc behind compinit: source <(perfgate completion zsh)
# The program itself says what may stand where: this file fits every version of it.

_perfgate() {
	local -a before offers
	local offer word about files=

	before=("${(@Q)words[2,CURRENT-1]}")
	while IFS= read -r offer; do
		case $offer in
		:files) files=-g'*' ;;
		:folders) files=-/ ;;
		*)
			word=${offer%%$'\t'*}
			about=${offer#*$'\t'}
			offers+=("${word//:/\\:}${about:+:$about}")
			;;
		esac
	done < <("${(Q)words[1]/#\~/$HOME}" completion --offer -- "${before[@]}" "${(Q)PREFIX}" 2>/dev/null)

	if [[ -n $files ]]; then
		if [[ $PREFIX == --*=* ]]; then compset -P '*='; fi
		_files $files
	fi
	if (( $#offers )); then _describe -V perfgate offers; fi
}

if [[ ${funcstack[1]} == _perfgate ]]; then
	_perfgate "$@"
else
	compdef _perfgate perfgate
fi
