"""Names of files."""

from tests.rules.cases import Case, checks, renamed


def mode(letter):
    return lambda file: file.text("DATA_MODE", letter)


CASES = [
    Case("NAM-001", "core", bad=renamed("R6980001_006.nc"), where="file"),
    Case("NAM-002", "core", bad=mode("X"), where="DATA_MODE[1]", good=mode("A")),
    Case("NAM-003", "bio", bad=mode(" "), where="DATA_MODE[1]"),
    Case("NAM-004", "core", bad=lambda file: file.text("DIRECTION", "U"), where="DIRECTION[1]"),
]
test_cases = checks(CASES)
