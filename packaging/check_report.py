# SPDX-License-Identifier: MIT
"""Whether the report of tests/gpu/run.sh is JSON and has all its parts, and its records what the schema asks for."""
import json
import sys

with open(sys.argv[1]) as file:
    report = json.load(file)
with open(sys.argv[2]) as file:
    schema = json.load(file)
assert report["failed"] == 0 and report["bundle"]["commit"], report
parts = {part["part"]: part["result"] for part in report["parts"]}
every = "machine,kernels,laws,operators,phantom,heart,benchmarks,peers,memcheck,racecheck"
asked = (sys.argv[3] or every).split(",")
for name in asked:
    assert parts[name] in ("passed", "skipped"), (name, parts)
names = set()
kinds = {"string": str, "number": (int, float), "integer": int, "boolean": bool, "array": list, "object": dict}
for record in report["records"]:
    for field in schema["required"]:
        assert field in record, (record["name"], field)
    for field, value in record.items():
        kind = schema["properties"].get(field, {}).get("type")
        if isinstance(kind, str):
            assert isinstance(value, kinds[kind]), (record["name"], field, value)
    names.add(record["name"])
measured = ("copy", "fft", "nufft_forward", "nufft_adjoint", "sense_normal", "cg_sense", "deterministic")
for name in measured if "benchmarks" in asked else ():
    assert "gpu/" + name in names, (name, names)
print(f"{len(parts)} parts, {len(report['records'])} records")
