"""A stand-in for pytest, which the local Fargate does not install. It runs functions, and writes a report in pytest's form.

The proof `soak/reports.ts` uses the real pytest instead.
"""

import importlib.util
import sys
import traceback
from pathlib import Path
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


def main(report, files):
    cases = []
    for path in [Path(file) for file in files] or sorted(Path("tests").glob("test_*.py")):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found = [(name, test) for name, test in vars(module).items() if name.startswith("test_")]
        cases += [case_of(name, test, path) for name, test in found]
    body = "".join(text for _, text in cases)
    Path(report).parent.mkdir(parents=True, exist_ok=True)
    Path(report).write_text(f'<testsuites><testsuite name="pytest">{body}</testsuite></testsuites>')
    failed = sum(failure is not None for failure, _ in cases)
    print(f"{failed} failed, {len(cases) - failed} passed")
    return 1 if failed else 0


if __name__ == "__main__":
    *files, option = sys.argv[1:]
    sys.exit(main(option.removeprefix("--junitxml="), files))
