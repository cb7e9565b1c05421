"""TECH: rules of technical files."""

from gdac.check.context import Options
from tests.rules.cases import Case, checks

NAME = "TECHNICAL_PARAMETER_NAME[1]"
OLD_VERSION = Options(all_versions=True)


def name(text):
    return lambda file: file.text("TECHNICAL_PARAMETER_NAME", text, 0)


def value(unit, text):
    def change(file):
        file.text("TECHNICAL_PARAMETER_NAME", f"NUMBER_Anything_{unit}", 0)
        file.text("TECHNICAL_PARAMETER_VALUE", text, 0)

    return change


CASES = [
    Case("TECH-META-001", "tech", lambda file: file.text("PLATFORM_NUMBER", "0900001"), "PLATFORM_NUMBER"),
    Case("TECH-META-002", "tech", lambda file: file.text("DATA_CENTRE", "XX"), "DATA_CENTRE"),
    Case("TECH-META-002", "tech", lambda file: file.text("DATA_CENTRE", " "), "DATA_CENTRE", quirk=True),
    Case("TECH-PRM-001", "tech", name("NUMBER"), NAME),
    Case("TECH-PRM-001", "tech", name(""), NAME),
    Case("TECH-PRM-002", "tech", name("NUMBER_Colours_COUNT"), NAME),
    Case(
        "TECH-PRM-003",
        "tech",
        name("NUMBER_AscendingOptodeSamplesDeepTotal_COUNT"),
        NAME,
        good=name("NUMBER_AscendingOptodeSamplesDeepTotal_COUNT"),
        old=("R14", "NUMBER_Ascending<short_sensor_name>SamplesDeepTotal_COUNT"),
    ),
    Case(
        "TECH-PRM-004",
        "tech",
        name("NUMBER_AscendingPumpSamplesDeepTotal_COUNT"),
        NAME,
        good=name("NUMBER_AscendingOptodeSamplesDeepTotal_COUNT"),
    ),
    Case("TECH-PRM-005", "tech", name("PRES_SurfaceOffsetNotTruncated_DBAR"), NAME),
    Case(
        "TECH-PRM-006",
        "tech-3.0",
        name("PRES_SurfaceOffsetNotTruncated_DAYS"),
        NAME,
        good=name("PRES_SurfaceOffsetNotTruncated_dbar"),
        options=OLD_VERSION,
    ),
    Case("TECH-PRM-007", "tech", value("COUNT", "many"), "TECHNICAL_PARAMETER_VALUE[1]", good=value("COUNT", "12")),
    Case("TECH-PRM-007", "tech", value("dbar", "1,5"), "TECHNICAL_PARAMETER_VALUE[1]", good=value("dbar", "-1.5e-3")),
]
test_cases = checks(CASES)
