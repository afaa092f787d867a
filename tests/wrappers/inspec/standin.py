"""A stand-in for InSpec: it writes down how it was called and a report in the form of the JSON reporter."""

STAND_IN = r"""#!PYTHON
import json, os, sys, yaml
from pathlib import Path
here, argv = Path(__file__).parent, sys.argv[1:]
mode = (here / "mode").read_text() if (here / "mode").exists() else ""
def value(name): return argv[argv.index(name) + 1]
inputs = Path(value("--input-file"))
said = {"argv": argv, "inputs": yaml.safe_load(inputs.read_text()), "mode": f"{inputs.stat().st_mode & 0o777:04o}"}
(here / "called.json").write_text(json.dumps(said))
if mode.startswith("exit"):
    print("something went wrong", file=sys.stderr)
    sys.exit(int(mode.split()[1]))
if mode == "no-report":
    sys.exit(0)
waived = {"justification": "ada: June", "expiration_date": "2099-01-01", "run": False}
waived |= {"skipped_due_to_waiver": True, "message": ""}
def control(id, result, waiver):
    said = {"id": id, "title": id, "desc": "d", "refs": [], "impact": 0.9, "tags": {"soc2": ["CC6.1"]}}
    return said | {"code": "", "source_location": {"line": 1, "ref": "x"}, "waiver_data": waiver, "results": [result]}
bad = {"status": "failed", "code_desc": "File /k mode is expected to cmp == 0600", "run_time": 0.1, "start_time": "t",
       "message": "\nexpected: 0600\n     got: 0644\n"}
skipped = {"status": "skipped", "code_desc": "Operating System Detection", "run_time": 0.0, "start_time": "t",
           "resource": "os", "skip_message": "ada: June"}
profile = {"name": "acme-platform", "version": "1.0.0", "sha256": "ab", "title": "t", "supports": [], "groups": [],
           "controls": [control("acme-keys-01", skipped, waived), control("other", bad, {})]}
report = {"platform": {"name": "debian", "release": "12.1", "target_id": "x"}, "version": "6.8.1",
          "statistics": {"duration": 0.2}, "profiles": [profile]}
Path(value("--reporter").removeprefix("json:")).write_text(json.dumps(report))
sys.exit(0 if mode == "contradict" else 100)
"""
