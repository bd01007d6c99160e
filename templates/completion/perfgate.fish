# Completion of perfgate for fish: perfgate completion fish | source
# The program itself says what may stand where: this file fits every version of it.

function __perfgate_offers
	set -l words (commandline --tokenize --cut-at-cursor --current-process)
	set -l current (commandline --current-token --cut-at-cursor)
	set -l program (string replace --regex '^~' $HOME -- $words[1])
	set --erase words[1]
	for offer in ($program completion --offer -- $words $current 2>/dev/null)
		switch $offer
			case :files :folders
				set -l before (string match --regex -- '^--[^=]*=' $current)
				set -l path (string replace --regex -- '^--[^=]*=' '' $current)
				if test $offer = :folders
					printf "$before%s\n" (__fish_complete_directories $path '')
				else
					printf "$before%s\n" (__fish_complete_path $path)
				end
			case '*'
				echo $offer
		end
	end
end

complete --command perfgate --no-files --keep-order --arguments '(__perfgate_offers)'
