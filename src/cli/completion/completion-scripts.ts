import type { CompletionOption, CompletionRow } from './completion-rows.js';

/** Returns the script that bash sources. */
export function bashCompletion(rows: readonly CompletionRow[]): string {
  return `# bash completion of chainparse: source <(chainparse completion bash)
_chainparse() {
  local at="" words="" options="" stored="" first="" word="" option="" database="" count=0 isValue=0 i
  # Bash ends words at : and = as well: what nothing stands between is one.
  local rest="\${COMP_LINE:0:COMP_POINT}" tail="" line=()
  for ((i = 0; i <= COMP_CWORD; i++)); do
    tail="\${COMP_WORDS[i]}"
    if ((i == 0)) || [[ "$rest" == [[:space:]]* ]]; then line+=("$tail"); else line[\${#line[@]}-1]+="$tail"; fi
    rest="\${rest#*"$tail"}"
  done
  local last=$((\${#line[@]} - 1))
  local cur="\${line[last]}" prev="\${line[last-1]}" lead="" head=""
  # What stands before the last of its own words bash leaves as it is.
  if [[ "$tail" == [:=@]* ]]; then head="$cur"; else head="\${cur%"$tail"}"; fi
${attachedValue}
  for ((i = 1; i < last; i++)); do
    word="\${line[i]}"
${posixWalk(rows, '${word//[\\\\\\"\\\']/}')}
  done
  COMPREPLY=()
${posixCases(rows)}
  if [[ "$cur" == -* ]]; then words="$options"
  elif [[ -n "$stored" ]]; then words="$words $(_chainparse_stored "$stored" "$first")"; fi
  _chainparse_offer "$words"
}
_chainparse_offer() {
  COMPREPLY=($(compgen -P "$lead" -W "$1" -- "$cur"))
  COMPREPLY=("\${COMPREPLY[@]#"$head"}")
}
${posixStored}
complete -o default -F _chainparse chainparse
`;
}

/** Returns the script that zsh sources. */
export function zshCompletion(rows: readonly CompletionRow[]): string {
  return `#compdef chainparse
# zsh completion of chainparse: source <(chainparse completion zsh)
_chainparse() {
  local cur="\${words[CURRENT]}" prev="\${words[CURRENT-1]}" lead="" at="" options="" stored=""
  local first="" word="" option="" database="" i count=0 isValue=0
  local -a line=("\${words[@]}")
  local words=""
${attachedValue}
  for ((i = 2; i < CURRENT; i++)); do
    word="\${line[i]}"
${posixWalk(rows, '${(Q)word}')}
  done
${posixCases(rows)}
  if [[ "$cur" == -* ]]; then words="$options"
  elif [[ -n "$stored" ]]; then words="$words $(_chainparse_stored "$stored" "$first")"; fi
  _chainparse_offer "$words"
}
_chainparse_offer() {
  if [[ -n "$lead" ]]; then compset -P "$lead"; fi
  if [[ -n "\${1// /}" ]]; then compadd -- \${=1}; else _files; fi
}
${posixStored}
# Found in a folder of fpath it is the body of the function that it defines.
if [[ "\${funcstack[1]}" == _chainparse ]]; then _chainparse "$@"
elif (( $+functions[compdef] )); then compdef _chainparse chainparse; fi
`;
}

/** Asks the program for what the database has, that of the line where it names one; where that can't be read, nothing is offered. */
const posixStored = `_chainparse_stored() {
  chainparse completion --values "$1" \${2:+--pipeline="$2"} \${database:+--database="$database"} 2>/dev/null | tr '\\n' ' '
}`;

/** A value that is written behind its option, as in `--status=running`. */
const attachedValue = `  if [[ "$cur" == --*=* ]]; then prev="\${cur%%=*}"; lead="$prev="; cur="\${cur#*=}"; fi`;

/**
 * Walks the words so far down the table: `at` becomes the path of the command that they name, `count` how many arguments it
 * has by now, `first` the first of them, and `database` the one that is named: words stand there as they were typed, and
 * `unquoted` gives one without its quotes.
 */
function posixWalk(rows: readonly CompletionRow[], unquoted: string): string {
  const paths = rows.filter(({ path }) => path !== '').map(({ path }) => `"${path}"`);
  return `    if ((isValue)); then
      isValue=0
      if [[ "$option" == --database ]]; then database=${unquoted}; fi
      continue
    fi
    case "$at $word" in
      ${paths.join(' | ')}) at="$at $word"; continue ;;
    esac
    case "$word" in
      ${valueNames(rows).join(' | ')}) isValue=1; option="$word" ;;
      --database=*) database=${unquoted}; database="\${database#--database=}" ;;
      -*) ;;
      *) if ((count == 0)); then first="$word"; fi; count=$((count + 1)) ;;
    esac`;
}

/** Names of options behind which a value stands; where one stands for a mere flag elsewhere, that is not told apart. */
function valueNames(rows: readonly CompletionRow[]): readonly string[] {
  const options = rows.flatMap((row) => row.options).filter(({ takesValue }) => takesValue);
  return [...new Set(options.flatMap(({ names }) => names))];
}

function posixCases(rows: readonly CompletionRow[]): string {
  return `  case "$at:$prev" in
${rows.flatMap(valueCases).join('\n')}
    *) [[ -z "$lead" ]] || return 0 ;;
  esac
  case "$at" in
${rows.map(wordCase).join('\n')}
  esac
  case "$at:$count" in
${rows.flatMap(storedCases).join('\n')}
  esac`;
}

function valueCases({ path, options }: CompletionRow): readonly string[] {
  return options
    .filter(({ takesValue }) => takesValue)
    .map((option) => {
      const pattern = option.names.map((name) => `"${path}:${name}"`).join(' | ');
      return `    ${pattern}) _chainparse_offer "${choicesOf(option)}"; return 0 ;;`;
    });
}

function choicesOf({ choices, stored }: CompletionOption): string {
  return stored === null ? choices.join(' ') : `$(_chainparse_stored ${stored})`;
}

function wordCase({ path, words, options }: CompletionRow): string {
  const names = options.flatMap((option) => option.names);
  return `    "${path}") words="${words.map(({ text }) => text).join(' ')}"; options="${names.join(' ')}" ;;`;
}

function storedCases({ path, stored }: CompletionRow): readonly string[] {
  return stored.flatMap((kind, count) => {
    if (kind === null) return [];
    // Only a sink's name depends on what stands before it.
    const alone = kind === 'sink' ? '' : ' first="";';
    return [`    "${path}:${count}")${alone} stored=${kind} ;;`];
  });
}

/** Returns the script that fish sources. */
export function fishCompletion(rows: readonly CompletionRow[]): string {
  const paths = rows.filter(({ path }) => path !== '').map(({ path }) => `'${path}'`);
  return `# fish completion of chainparse: chainparse completion fish | source
function __chainparse_words
  set -l at ''
  set -l isValue 0
  set -l option ''
  set -g __chainparse_arguments
  set -g __chainparse_database
  for word in (commandline -opc)[2..-1]
    if test $isValue = 1
      set isValue 0
      test "$option" = --database; and set __chainparse_database --database "$word"
    else if contains -- "$at $word" ${paths.join(' ')}
      set at "$at $word"
    else if contains -- "$word" ${valueNames(rows).join(' ')}
      set isValue 1
      set option "$word"
    else if string match -q -- '--database=*' "$word"
      set __chainparse_database "$word"
    else if not string match -q -- '-*' "$word"
      set -a __chainparse_arguments "$word"
    end
  end
  set -g __chainparse_path "$at"
end
function __chainparse_at
  __chainparse_words
  test "$__chainparse_path" = "$argv[1]"
  and begin
    test (count $argv) = 1
    or test (count $__chainparse_arguments) = "$argv[2]"
  end
end
function __chainparse_stored
  if test $argv[1] = sink
    chainparse completion --values sink --pipeline $__chainparse_arguments[1] $__chainparse_database 2>/dev/null
  else
    chainparse completion --values $argv[1] $__chainparse_database 2>/dev/null
  end
end
${rows.flatMap(fishLines).join('\n')}
`;
}

function fishLines({ path, words, options, stored }: CompletionRow): readonly string[] {
  const start = `complete -c chainparse -n '__chainparse_at "${path}"'`;
  const wordLines = words.map(({ text, description }) => `${start} -f -a ${text} -d ${quote(description)}`);
  const storedLines = stored.flatMap((kind, count) => {
    if (kind === null) return [];
    return [`complete -c chainparse -n '__chainparse_at "${path}" ${count}' -f -a '(__chainparse_stored ${kind})'`];
  });
  const optionLines = options.map((option) => {
    const flags = option.names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
    return [start, ...flags, ...fishValue(option), `-d ${quote(option.description)}`].join(' ');
  });
  return [...wordLines, ...storedLines, ...optionLines];
}

function fishValue({ takesValue, choices, stored }: CompletionOption): readonly string[] {
  if (!takesValue) return [];
  if (stored !== null) return [`-x -a '(__chainparse_stored ${stored})'`];
  return choices.length > 0 ? [`-x -a '${choices.join(' ')}'`] : ['-r'];
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
