import type { CompletionRow } from './completion-rows.js';

/** Returns the script that bash sources. */
export function bashCompletion(rows: readonly CompletionRow[]): string {
  return `# bash completion of chainparse: source <(chainparse completion bash)
_chainparse() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" at="" words="" options="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
${posixWalk(rows, '${COMP_WORDS[i]}')}
  done
  COMPREPLY=()
${posixCases(rows)}
  if [[ "$cur" == -* ]]; then words="$options"; fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _chainparse chainparse
`;
}

/** Returns the script that zsh sources. */
export function zshCompletion(rows: readonly CompletionRow[]): string {
  return `#compdef chainparse
# zsh completion of chainparse: source <(chainparse completion zsh)
_chainparse() {
  local cur="\${words[CURRENT]}" prev="\${words[CURRENT-1]}" at="" options="" i
  local -a line=("\${words[@]}")
  local words=""
  for ((i = 2; i < CURRENT; i++)); do
${posixWalk(rows, '${line[i]}')}
  done
${posixCases(rows).replaceAll('COMPREPLY=($(compgen -W "$choices" -- "$cur"))', 'compadd -- \${=choices}').replaceAll('return 0', '{ [[ -n "$choices" ]] || _files; return 0; }')}
  if [[ "$cur" == -* ]]; then words="$options"; fi
  if [[ -n "$words" ]]; then compadd -- \${=words}; else _files; fi
}
if (( $+functions[compdef] )); then compdef _chainparse chainparse; fi
`;
}

/** Walks the words so far down the table: \`at\` becomes the path of the command that they name. */
function posixWalk(rows: readonly CompletionRow[], word: string): string {
  const paths = rows.filter(({ path }) => path !== '').map(({ path }) => `"${path}"`);
  return `    case "$at ${word}" in
      ${paths.join(' | ')}) at="$at ${word}" ;;
    esac`;
}

function posixCases(rows: readonly CompletionRow[]): string {
  return `  local choices=""
  case "$at:$prev" in
${rows.flatMap(valueCases).join('\n')}
  esac
  case "$at" in
${rows.map(wordCase).join('\n')}
  esac`;
}

function valueCases({ path, options }: CompletionRow): readonly string[] {
  return options
    .filter(({ takesValue }) => takesValue)
    .map(({ names, choices }) => {
      const pattern = names.map((name) => `"${path}:${name}"`).join(' | ');
      return `    ${pattern}) choices="${choices.join(' ')}"; COMPREPLY=($(compgen -W "$choices" -- "$cur")); return 0 ;;`;
    });
}

function wordCase({ path, words, options }: CompletionRow): string {
  const names = options.flatMap((option) => option.names);
  return `    "${path}") words="${words.map(({ text }) => text).join(' ')}"; options="${names.join(' ')}" ;;`;
}

/** Returns the script that fish sources. */
export function fishCompletion(rows: readonly CompletionRow[]): string {
  const paths = rows.filter(({ path }) => path !== '').map(({ path }) => `'${path}'`);
  return `# fish completion of chainparse: chainparse completion fish | source
function __chainparse_at
  set -l at ''
  for word in (commandline -opc)[2..-1]
    if contains -- "$at $word" ${paths.join(' ')}
      set at "$at $word"
    end
  end
  test "$at" = "$argv[1]"
end
${rows.flatMap(fishLines).join('\n')}
`;
}

function fishLines({ path, words, options }: CompletionRow): readonly string[] {
  const start = `complete -c chainparse -n '__chainparse_at "${path}"'`;
  const wordLines = words.map(({ text, description }) => `${start} -f -a ${text} -d ${quote(description)}`);
  const optionLines = options.map(({ names, description, takesValue, choices }) => {
    const flags = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
    const value = takesValue ? (choices.length > 0 ? [`-x -a '${choices.join(' ')}'`] : ['-r']) : [];
    return [start, ...flags, ...value, `-d ${quote(description)}`].join(' ');
  });
  return [...wordLines, ...optionLines];
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
