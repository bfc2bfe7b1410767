import type { Shell } from '../program/program.ts'

/** Each shell's script asks `navarch __complete` at every press of the key, so it never has to be made anew. */
export const completionScripts: Readonly<Record<Shell, string>> = {
  bash: `# navarch completion for bash
_navarch() {
  local current=\${COMP_WORDS[COMP_CWORD]} line
  local found
  found=$(navarch __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  COMPREPLY=()
  if [ "$found" = ":files" ]; then
    compopt -o filenames 2>/dev/null
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$current")
    return
  fi
  while IFS= read -r line; do
    [ -n "$line" ] && COMPREPLY+=("\${line%%$'\\t'*}")
  done <<< "$found"
}
complete -F _navarch navarch
`,
  zsh: `#compdef navarch
# navarch completion for zsh
_navarch() {
  local found line
  local -a candidates
  found=$(navarch __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if [[ $found == ":files" ]]; then
    _files
    return
  fi
  for line in "\${(@f)found}"; do
    [[ -n $line ]] && candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  _describe navarch candidates
}
if [[ $funcstack[1] == _navarch ]]; then
  _navarch "$@"
else
  compdef _navarch navarch
fi
`,
  fish: `# navarch completion for fish
function __navarch_complete
  set -l words (commandline -opc)
  set -e words[1]
  set -l found (navarch __complete $words (commandline -ct) 2>/dev/null)
  if test "$found" = ":files"
    __fish_complete_path (commandline -ct)
  else
    printf '%s\\n' $found
  end
end
complete -c navarch -f -a '(__navarch_complete)'
`,
}
