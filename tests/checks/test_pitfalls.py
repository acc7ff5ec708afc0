"""docs/pitfalls.md is what the markings in the tests say, and no case is without a test."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))
import pitfalls  # noqa: E402


def test_the_page_is_up_to_date(t):
    t.equal(t.read(os.path.join(t.root, 'docs/pitfalls.md')), pitfalls.page(pitfalls.all_tests()),
            'docs/pitfalls.md; write it anew with: ninja pitfalls')


def test_every_case_has_tests(t):
    rows = [row for rows in pitfalls.CASES.values() for row in rows]
    t.equal([row[0] for row in rows], list(range(1, 51)), 'numbers')
    t.equal(pitfalls.gaps(pitfalls.all_tests()), [],
            'what no test covers')
