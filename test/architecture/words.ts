// Words that the repository does not speak: unfinished work, paths of somebody's machine, papers that lie outside of
// it, hosts of package registries, numbers of tickets. Its text is about the product alone and is true on every machine.

interface Rule {
  readonly what: string;
  readonly pattern: RegExp;
}

// Written in pieces, or this file would speak them itself.
const unfinished = ['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'];
const homes = ['work', 'tmp', 'root', 'home', 'Users'];
const hosts = [
  'registry.npm' + 'js',
  'proxy.go' + 'lang',
  'sum.go' + 'lang',
  'deb.de' + 'bian',
  'py' + 'pi',
  'crates',
];

const machinePath: Rule = {
  what: 'a path of one machine',
  pattern: new RegExp(`(?<![\\w.~$}*-])/(${homes.join('|')})/`),
};
const rules: readonly Rule[] = [
  machinePath,
  { what: 'unfinished work', pattern: new RegExp(`\\b(${unfinished.join('|')})\\b`) },
  { what: 'the host of a registry', pattern: new RegExp(`\\b(${hosts.join('|')})\\.(org|io)\\b`, 'i') },
  { what: 'a paper outside of the repository', pattern: /\bshared\/(research|design)\b/ },
  { what: 'the number of a ticket', pattern: /\b(issue|ticket|pull request)s? #?\d+\b/i },
];

/** `path:line: what` for every line that breaks a rule. Paths in examples/ are those of containers. */
export function badWords(path: string, text: string): string[] {
  const asked = path.startsWith('examples/') ? rules.filter((rule) => rule !== machinePath) : rules;
  return text.split('\n').flatMap((line, index) => {
    const broken = asked.filter(({ pattern }) => pattern.test(line));
    return broken.map(({ what }) => `${path}:${index + 1}: ${what}`);
  });
}
