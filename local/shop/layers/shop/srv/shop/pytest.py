"""A stand-in for pytest, which the local Fargate does not install. It lists functions and runs them, tells the hook of a conftest.py beside
them how each has ended, and writes a report in pytest's form.

The proofs `soak/reports.ts` and `soak/suites.ts` use the real pytest instead.
"""

import importlib.util
import sys
import traceback
from pathlib import Path
from types import SimpleNamespace
from xml.sax.saxutils import escape, quoteattr


def failure_of(test, path):
    try:
        test()
    except Exception as error:
        name = type(error).__name__
        line = traceback.extract_tb(error.__traceback__)[-1].lineno
        return f"<failure message={quoteattr(f'{name}: {error}')}>{escape(f'{path}:{line}: {name}')}</failure>"
    return None


def case_of(name, test, path):
    failure = failure_of(test, path)
    classname = ".".join(path.with_suffix("").parts)
    return failure, f'<testcase classname="{classname}" name="{name}" time="0.001">{failure or ""}</testcase>'


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return vars(module)


def tests_of(wanted):
    """The tests that these words name, a file, FILE::TEST or a directory each: path, name and function."""
    for word in wanted or ["tests"]:
        file, _, only = word.partition("::")
        paths = sorted(Path(file).glob("test_*.py")) if Path(file).is_dir() else [Path(file)]
        for path in paths:
            for name, test in load(path).items():
                if name.startswith("test_") and only in ("", name):
                    yield path, name, test


def tell_hook(path, name, failure):
    conftest = path.parent / "conftest.py"
    if conftest.exists():
        end = {"when": "call", "passed": failure is None, "failed": failure is not None, "duration": 0.001}
        load(conftest)["pytest_runtest_logreport"](SimpleNamespace(nodeid=f"{path}::{name}", **end))


def main(report, wanted):
    cases = []
    for path, name, test in tests_of(wanted):
        case = case_of(name, test, path)
        tell_hook(path, name, case[0])
        cases.append(case)
    body = "".join(text for _, text in cases)
    Path(report).parent.mkdir(parents=True, exist_ok=True)
    Path(report).write_text(f'<testsuites><testsuite name="pytest">{body}</testsuite></testsuites>')
    failed = sum(failure is not None for failure, _ in cases)
    print(f"{failed} failed, {len(cases) - failed} passed")
    return 1 if failed else 0


if __name__ == "__main__":
    if sys.argv[1:3] == ["--collect-only", "-q"]:
        print(*(f"{path}::{name}" for path, name, _ in tests_of(sys.argv[3:])), sep="\n")
        sys.exit(0)
    *wanted, option = sys.argv[1:]
    sys.exit(main(option.removeprefix("--junitxml="), wanted))
