"""Will the GDAC take these files? The official checker's verdict, with findings that say how to mend.

from gdac.check import check_file, check_paths

result = check_file("R6903724_001.nc", dac="bodc")
result.verdict                  # 'accepted', 'rejected', 'crash', 'timeout' or 'skipped'
for finding in result.findings:
    print(finding.rule, finding.severity, finding.where, finding.text, finding.mend)

rejected = [result.path for result in check_paths(["submission"], dac="bodc") if result.verdict == "rejected"]
"""

from gdac.check.api import check_file, check_paths
from gdac.check.finding import Finding

__all__ = ["Finding", "check_file", "check_paths"]
