"""One value of a scenario file: scenario.py FILE KEY [DEFAULT]; scenario.py FILE --check says what is wrong with it."""
import sys

import yaml

VERDICTS = {
    "AN1310": {"service", "owner", "maintenance", "administration", "collection", "unknown"},
    "AN0473": {"package", "configuration-management", "maintenance", "owner", "tampering"},
}
STAGES = {"AN1310": {"access", "enumerate", "stage", "exfiltrate"}, "AN0473": {"change", "activate", "observed"}}
LEVELS = {"informational", "low", "medium", "high", "critical"}


def problems(scenario):
    for key in ("summary", "kind", "host", "run", "expect"):
        if key not in scenario:
            yield f"{key} is missing"
    expected = scenario.get("expect", [])
    for one in expected if isinstance(expected, list) else [expected]:
        analytic = one.get("analytic")
        if analytic not in VERDICTS:
            yield f"unknown analytic {analytic}"
            continue
        if one.get("verdict") not in VERDICTS[analytic]:
            yield f"unknown verdict {one.get('verdict')}"
        if one.get("level") not in LEVELS:
            yield f"unknown level {one.get('level')}"
        if scenario.get("kind") == "attack" and one.get("stage") not in STAGES[analytic]:
            yield f"unknown stage {one.get('stage')}"
        if analytic == "AN1310" and one.get("mailboxes") != sorted(one.get("mailboxes", [])):
            yield "mailboxes is not a sorted list"


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        scenario = yaml.safe_load(file)
    if sys.argv[2] == "--check":
        found = list(problems(scenario))
        for problem in found:
            print(problem)
        return 1 if found else 0
    print(scenario.get(sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else ""))
    return 0


sys.exit(main())
