# Completion of perfgate for bash. In ~/.bashrc: source <(perfgate completion bash)
# The program itself says what may stand where: this file fits every version of it.

_perfgate() {
	local line=${COMP_LINE:0:COMP_POINT} blank last cut offer i
	local -a words=()

	# Bash cuts words at = and : too; the program does not.
	for ((i = 0; i <= COMP_CWORD; i++)); do
		blank=${line%%[![:blank:]]*}
		line=${line#"$blank"}
		if ((i == COMP_CWORD)); then last=$line; else last=${COMP_WORDS[i]}; fi
		line=${line#"$last"}
		if [[ -n $blank || i -eq 0 ]]; then
			words+=("$last")
		else
			words[${#words[@]} - 1]+=$last
		fi
	done
	last=${words[${#words[@]} - 1]}
	# Bash replaces only what stands behind the last of them.
	cut=${last%"${last##*["$COMP_WORDBREAKS"]}"}

	COMPREPLY=()
	while IFS= read -r offer; do
		case $offer in
		:files)
			compopt -o filenames 2>/dev/null
			while IFS= read -r offer; do COMPREPLY+=("$offer"); done < <(compgen -f -- "${last#"$cut"}")
			;;
		:folders)
			compopt -o filenames 2>/dev/null
			while IFS= read -r offer; do COMPREPLY+=("$offer"); done < <(compgen -d -- "${last#"$cut"}")
			;;
		*)
			offer=${offer%%$'\t'*}
			COMPREPLY+=("${offer#"$cut"}")
			;;
		esac
	done < <("${words[0]/#\~/$HOME}" completion --offer -- "${words[@]:1}" 2>/dev/null)
} && complete -F _perfgate perfgate
