import { expect } from 'chai';
import { maskWords } from '../../src/settings/mask-words.js';

describe('the words of a command, as they are shown', () => {
  const shown: Readonly<Record<string, string>> = {
    'notify --token abcdefsecret --to ops': 'notify --token *** --to ops',
    'notify -api-key=abcdefsecret --loud': 'notify -api-key=*** --loud',
    "notify --password 'two words' 'the team'": "notify --password *** 'the team'",
    "page -H 'Bearer abcdefsecret' ops": 'page -H *** ops',
    'env PAGER_TOKEN=abcdefsecret notify ops': 'env PAGER_TOKEN=*** notify ops',
    'curl -H "Authorization: Bearer abcdefsecret" http://pager/x': "curl -H 'Authorization: ***' http://pager/x",
    [`sh -c 'notify --token "abcdefsecret" ops'`]: "sh -c 'notify --token ***'",
    '["notify","--secret","abcdef secret","it\'s"]': '["notify","--secret","***","it\'s"]',
    'curl -u bob:abcdefsecret http://pager/x': 'curl -u *** http://pager/x',
    'curl -sSU bob:abcdefsecret http://pager/x': 'curl -sSU *** http://pager/x',
    'curl -ubob:abcdefsecret http://pager/x': 'curl -u*** http://pager/x',
    'curl -sSubruno:abcdefsecret http://pager/x': 'curl -sSu*** http://pager/x',
    'curl -u "alice smith:abcdefsecret" http://pager/x': 'curl -u *** http://pager/x',
    'curl -u alice://abcdefsecret http://pager/x': 'curl -u *** http://pager/x',
    [`sh -c 'curl -sSualice:abcdefsecret -d @-'`]: "sh -c 'curl -sSu***'",
    [`sh -c 'curl -u "alice smith:abcdefsecret" -d @-'`]: "sh -c 'curl -u ***'",
    'curl --user abcdefsecret: http://pager/x': 'curl --user *** http://pager/x',
    "curl --user='bob:two words' http://pager/x": 'curl --user=*** http://pager/x',
    '["curl","--proxy-user","bob:abcdefsecret","http://pager/x"]': '["curl","--proxy-user","***","http://pager/x"]',
    [`sh -c 'curl -d @- -u "bob:abcdefsecret" http://pager/x'`]: "sh -c 'curl -d @- -u ***'",
    [`sh -c 'curl --user=bob:abcdefsecret -H "X-Token: abcdefsecret"'`]: "sh -c 'curl --user=***'",
    [`sh -c "curl -u 'two words:abcdefsecret' x"`]: "sh -c 'curl -u ***'",
    [`sh -c 'curl --proxy-user bob:abcdefsecret x'`]: "sh -c 'curl --proxy-user ***'",
    'curl -H authorization:abcdefsecret http://pager/x': 'curl -H authorization:*** http://pager/x',
    "curl --header='X-Api-Key: abcdefsecret' http://pager/x": "curl '--header=X-Api-Key: ***' http://pager/x",
    "notify --token 'abcdefsecret": '***',
    '["notify","--token","abc"': '***',
    'curl -H "Authorization: Bearer abc https://x': '***',
    'notify --token': 'notify --token',
  };
  for (const [written, expected] of Object.entries(shown)) {
    it(`are ${expected}`, () => {
      expect(maskWords(written)).to.equal(expected);
    });
  }

  it('are as they were written where none of them is a secret', () => {
    for (const text of [
      `/usr/local/bin/page   'the team'`,
      '["page","the token is gone"]',
      `sh -c 'cat > "$1"' -- x`,
      'notify-send -u critical  https://pager/x',
      'sudo -u ops page --url https://pager/x',
      'page -u https://pager/x --user ops',
      'page -u HTTPS://pager/x',
      `sh -c 'page -u https://pager/x'`,
      `sh -c 'page pop-u a:b'`,
    ]) {
      expect(maskWords(text)).to.equal(text);
    }
  });
});
