"""The tests of the example tests.yml. One of them fails, and writes a screenshot first."""

from pathlib import Path


def test_total():
    assert sum([1, 2]) == 3


def test_discount():
    Path("screenshots").mkdir(exist_ok=True)
    Path("screenshots/cart.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert sum([3, 4]) == 6, "the discount is missing"
