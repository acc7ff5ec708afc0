"""What Criterion says of each test, and what our traces say."""
import collections
import re

STATUS = {'PASSED': 'passed', 'FAILED': 'failed', 'SKIPPED': 'skipped'}


def clean(text):
    """Without what differs in any two runs."""
    text = re.sub(r'\d+\.\d+s|time="\d+\.\d+"', 'N s', text)
    return re.sub(r'0x[0-9a-f]+', '0xN', text)


def verdicts_of(t, binary, document):
    """Criterion's own: {(suite, test, parameter or None): status}, of what ran. The last test is the first of its list."""
    seen, verdicts = collections.defaultdict(list), {}
    disabled = disabled_tests(t.run([binary, '--list'], check=True).out)
    for suite in document['test_suites']:
        for test in reversed(suite['tests']):
            if (suite['name'], test['name']) not in disabled:
                seen[suite['name'], test['name']].append(status_of(test))
    for test, statuses in seen.items():
        for number, status in enumerate(statuses):
            verdicts[(*test, number if len(statuses) > 1 else None)] = status
    return verdicts


def disabled_tests(listing):
    """No process is started for those, and the report does not tell them from tests that skip themselves."""
    found, suite = set(), None
    for line in listing.splitlines():
        head, test = re.match(r'(\S+): \d+ tests?$', line), re.search(r'── (\S+) \(skipped\)$', line)
        suite = head[1] if head else suite
        if test:
            found.add((suite, test[1]))
    return found


def status_of(test):
    if test['status'] == 'ERRORED':
        return 'timed_out' if 'timed out' in ''.join(test['messages']) else 'crashed'
    return STATUS[test['status']]


def our_verdicts(t, recording):
    """{(suite, test, parameter or None): status}; a trace each."""
    found = {}
    for path in recording.traces:
        test = t.json(path)['metadata'].get('test')
        if test:
            key = (test['suite'], test['name'], test['parameter'])
            t.true(key not in found, f'two traces of {key}')
            t.true(test.get('file') and test.get('line'), f'{path}: where is its test? {test}')
            found[key] = test['status']
    return found
