"""What one OBX row means: code, unit, flags, value. Nothing doubtful may come out as valid."""

import pytest

from drivers.api import Code, Reading
from drivers.ihe_pcd import rows
from drivers.ihe_pcd.channels import ATTRIBUTE_REFIDS, FLAGS, GOOD, UNIT_REFIDS, UNIT_TEXTS
from drivers.ihe_pcd.codec import fields, place_of
from drivers.ihe_pcd.parameters import parameter_of
from drivers.ihe_pcd.rows import quality_of
from drivers.ihe_pcd.units import unit_of
from drivers.vocabulary import TERMS, Metric, Reason, Validity, units_of
from tests.drivers.ihe_pcd.senders import heard, obx, reading, reports

SPO2 = "150456^MDC_PULS_OXIM_SAT_O2^MDC"
HR = "147842^MDC_ECG_HEART_RATE^MDC"
PERCENT = "262688^MDC_DIM_PERCENT^MDC"
RATE = "157924^MDC_RATE_DOSE^MDC"

ABSENT, INVALID, QUESTIONABLE = Validity.ABSENT, Validity.INVALID, Validity.QUESTIONABLE


@pytest.mark.parametrize("term", [term for term in TERMS if term.refid], ids=lambda term: str(term.code))
def test_each_registered_code_is_found_by_number_and_by_refid(term: object) -> None:
    assert isinstance(term, tuple)
    metric, code, refid = term[:3]
    for field in (f"{code}^{refid}^MDC", f"{code}^^MDC", f"0^{refid}^MDC", f"{refid}^^MDC", f"{code}"):
        parameter = parameter_of(field)
        assert (parameter.metric, parameter.doubt, parameter.code) == (metric, None, Code(code, refid)), field


@pytest.mark.parametrize(
    ("field", "metric", "code", "doubt"),
    [
        # number first; the second REFID of one number is no contradiction, nor is either spelling of pump terms
        ("147842^MDC_ECG_CARD_BEAT_RATE^MDC", Metric.HEART_RATE, Code(147842, "MDC_ECG_CARD_BEAT_RATE"), None),
        ("158005^MDC_PUMP_CURRENT_DELIVERY_STATUS^MDC", Metric.DELIVERY_STATUS,
         Code(158005, "MDC_PUMP_CURRENT_DELIVERY_STATUS"), None),
        ("0^MDC_DEV_PUMP_INFUSING_STATUS^MDC", Metric.INFUSING_STATUS, Code(184519, "MDC_DEV_PUMP_INFUSING_STATUS"),
         None),
        ("150456^SpO2^MDC", Metric.SPO2, Code(150456, "SpO2"), None),
        # both known, and different: the number wins, with a doubt
        ("150456^MDC_ECG_HEART_RATE^MDC", Metric.SPO2, Code(150456, "MDC_ECG_HEART_RATE"), Reason.CODE_CONFLICT),
        ("150017^MDC_PRESS_BLD_NONINV_SYS^MDC", Metric.BP_SYSTOLIC, Code(150017, "MDC_PRESS_BLD_NONINV_SYS"),
         Reason.CODE_CONFLICT),
        # number unknown, REFID known: the REFID's number, with a doubt (158784 is a typo of the Rev 11 draft)
        ("158784^MDC_FLOW_FLUID_PUMP^MDC", Metric.INFUSION_RATE, Code(157784, "MDC_FLOW_FLUID_PUMP"),
         Reason.CODE_CONFLICT),
        # known slips of vendors
        ("149522^MDC_PULS_RATE^MDC", Metric.PULSE_RATE, Code(149522, "MDC_PULS_RATE"), None),
        ("149522^MDC_BLD_PULS_RATE_INV^MDC", Metric.IBP_PULSE_RATE, Code(149522, "MDC_BLD_PULS_RATE_INV"), None),
        ("150031^MDC_PRESS_CUFF_SYS^MDC", Metric.NIBP_SYSTOLIC, Code(150031, "MDC_PRESS_CUFF_SYS"), None),
        # not known at all
        ("188888^MDC_NEW^MDC", Metric.UNMAPPED, Code(188888, "MDC_NEW"), None),
        ("0^MDCX_PUMP_POWER^MDC", Metric.UNMAPPED, Code(None, "MDCX_PUMP_POWER"), None),
        # other coding systems: their numbers are their own
        ("131072^ECG_HR^EHC", Metric.UNMAPPED, None, None),
        ("150456^SpO2^EHC", Metric.UNMAPPED, None, None),
        ("108^MNDRY_X^99MNDRY", Metric.UNMAPPED, None, None),
        ("0002-4bb8^SpO2^MDIL", Metric.UNMAPPED, None, None),
        ("101^HR", Metric.UNMAPPED, None, None),
        # but a second code of the standard's counts
        ("108^MNDRY_SPO2^99MNDRY^150456^MDC_PULS_OXIM_SAT_O2^MDC", Metric.SPO2, Code(150456, "MDC_PULS_OXIM_SAT_O2"),
         None),
        # hobby lists call 150020 systolic, 188740 temperature, 157985 pump flow: ours don't
        ("150020^MDC_PRESS_BLD_NONINV^MDC", Metric.UNMAPPED, Code(150020, "MDC_PRESS_BLD_NONINV"), None),
        ("188740^MDC_LEN_BODY_ACTUAL^MDC", Metric.BODY_HEIGHT, Code(188740, "MDC_LEN_BODY_ACTUAL"), None),
        ("157985^MDC_DOSE_PCA_LIMIT^MDC", Metric.PCA_DOSE_LIMIT, Code(157985, "MDC_DOSE_PCA_LIMIT"), None),
    ],
)  # fmt: skip
def test_a_parameter_by_its_code(field: str, metric: Metric, code: Code | None, doubt: Reason | None) -> None:
    parameter = parameter_of(field)
    assert (parameter.metric, parameter.code, parameter.doubt) == (metric, code, doubt)


def test_contradicting_codes_make_a_value_questionable() -> None:
    found = reading(obx("150456^MDC_ECG_HEART_RATE^MDC", "97", unit=PERCENT))
    assert (found.metric, found.value, found.validity, found.reason) == (
        Metric.SPO2, 97, QUESTIONABLE, Reason.CODE_CONFLICT,
    )  # fmt: skip


# Units


@pytest.mark.parametrize(
    ("field", "metric", "ucum", "doubt"),
    [
        ("265650^MDC_DIM_MILLI_G_PER_KG_PER_HR^MDC^mg/kg/h^mg/kg/h^UCUM", Metric.DOSE_RATE, "mg/kg/h", None),
        ("265619^MDC_DIM_MICRO_G_PER_KG_PER_MIN^MDC", Metric.DOSE_RATE, "ug/kg/min", None),
        ("mg/h^mg/h^UCUM", Metric.DOSE_RATE, "mg/h", None),
        ("{beat}/min^{beat}/min^UCUM", Metric.HEART_RATE, None, None),
        ("mm[Hg]^mm[Hg]^UCUM", Metric.NIBP_SYSTOLIC, None, None),
        ("265987^MDC_DIM_KILO_PASCAL^MDC", Metric.NIBP_SYSTOLIC, "kPa", None),
        ("mmHg", Metric.NIBP_SYSTOLIC, None, None),
        ("bpm", Metric.PULSE_RATE, None, None),
        ("rpm", Metric.RESPIRATION_RATE, None, None),
        ("C", Metric.TEMPERATURE, "Cel", None),
        ("268160^MDC_DIM_FAHR^MDC", Metric.TEMPERATURE, "[degF]", None),
        ("0004-0f20^mmHg^MDIL", Metric.ETCO2, None, None),
        ("mmol/L^mmol/L^UCUM", Metric.UNMAPPED, "mmol/L", None),
        ("264320^MDC_DIM_X_SEC^MDC", Metric.TIME_REMAINING, "s", None),
        ("264352^MDC_DIM_MIN^MDC", Metric.TIME_REMAINING, "min", None),
        # missing: only where no other unit is in use
        ("", Metric.HEART_RATE, None, None),
        ("", Metric.SPO2, None, None),
        ("", Metric.NIBP_SYSTOLIC, "", Reason.UNIT_UNKNOWN),
        ("", Metric.DOSE_RATE, "", Reason.UNIT_UNKNOWN),
        ("", Metric.INFUSION_RATE, "", Reason.UNIT_UNKNOWN),
        ("", Metric.DRUG_NAME, None, None),
        ("furlong", Metric.TEMPERATURE, "", Reason.UNIT_UNKNOWN),
        ("furlong", Metric.SPO2, "", Reason.UNIT_UNKNOWN),
        # milli and micro, hour and minute
        ("265650^MDC_DIM_MICRO_G_PER_KG_PER_HR^MDC", Metric.DOSE_RATE, "mg/kg/h", Reason.UNIT_CONFLICT),
        ("265522^MDC_DIM_MILLI_G_PER_MIN^MDC", Metric.DOSE_RATE, "mg/h", Reason.UNIT_CONFLICT),
        ("265522^MDC_DIM_MILLI_G_PER_HR^MDC^ug/h^ug/h^UCUM", Metric.DOSE_RATE, "mg/h", Reason.UNIT_CONFLICT),
        ("265522^MDC_DIM_MILLI_G_PER_HR^MDC^mg/min^mg/min^UCUM", Metric.DOSE_RATE, "mg/h", Reason.UNIT_CONFLICT),
        ("264306^MDC_DIM_MICRO_G_PER_ML^MDC", Metric.DRUG_CONCENTRATION, "mg/mL", Reason.UNIT_CONFLICT),
        ("264306^MDC_DIM_X_MICRO_G_PER_ML^MDC", Metric.DRUG_CONCENTRATION, "mg/mL", Reason.UNIT_CONFLICT),
        ("265522^mcg/h^MDC", Metric.DOSE_RATE, "mg/h", Reason.UNIT_CONFLICT),
        ("264320^MDC_DIM_MIN^MDC", Metric.TIME_REMAINING, "s", Reason.UNIT_CONFLICT),
        ("266016^MDC_DIM_KILO_PASCAL^MDC", Metric.ETCO2, "mm[Hg]", Reason.UNIT_CONFLICT),
        # the same said in two ways is no contradiction
        ("264864^MDC_DIM_PULS_PER_MIN^MDC", Metric.HEART_RATE, None, None),
        ("265266^MDC_DIM_MILLI_L_PER_HR^MDC^mL/h^ml/hr^UCUM", Metric.INFUSION_RATE, None, None),
    ],
)
def test_a_unit(field: str, metric: Metric, ucum: str | None, doubt: Reason | None) -> None:
    assert unit_of(field, metric) == (ucum, doubt)


def test_a_unit_conflict_is_published_as_it_was_said() -> None:
    unit = "265522^MDC_DIM_MICRO_G_PER_HR^MDC"
    found = reading(obx(RATE, "24", unit=unit))
    assert (found.value, found.validity, found.reason) == (24, QUESTIONABLE, Reason.UNIT_CONFLICT)
    assert found.raw == f"24 {unit}"


def test_a_dose_rate_without_a_unit_is_questionable_and_claims_none() -> None:
    found = reading(obx(RATE, "24"))
    assert (found.value, found.unit, found.reason) == (24, "", Reason.UNIT_UNKNOWN)


def test_every_unit_of_a_table_is_a_unit_of_the_vocabulary_or_its_neighbour() -> None:
    known = {unit for metric in Metric for unit in units_of(metric)}
    neighbours = {"kPa", "cm[H2O]", "ug", "ug/h", "mg/min", "ug/min", "ug/kg/h", "mg/kg"}
    assert set(UNIT_REFIDS.values()) | set(UNIT_TEXTS.values()) <= known | neighbours


# Flags


@pytest.mark.parametrize(
    ("flags", "status", "validity", "reason"),
    [
        ("", "R", Validity.VALID, None),
        ("", "F", Validity.VALID, None),
        ("", "C", Validity.VALID, None),
        ("", "", Validity.VALID, None),
        ("validated", "F", Validity.VALID, None),
        ("ALACT", "R", Validity.VALID, None),
        ("H~PH~SP", "R", Validity.VALID, None),
        ("", "X", ABSENT, Reason.NOT_AVAILABLE),
        ("", "W", INVALID, Reason.DISOWNED),
        ("", "D", INVALID, Reason.DISOWNED),
        ("", "P", QUESTIONABLE, Reason.EARLY),
        ("", "S", QUESTIONABLE, Reason.EARLY),
        # in no document of the profiles: not asked for, order only, pending; in none at all
        ("", "N", QUESTIONABLE, Reason.OTHER),
        ("", "O", QUESTIONABLE, Reason.OTHER),
        ("", "I", QUESTIONABLE, Reason.OTHER),
        ("", "Q", QUESTIONABLE, Reason.OTHER),
        ("NAV", "I", ABSENT, Reason.NOT_AVAILABLE),
        (" INV ", " r ", INVALID, Reason.DISOWNED),
        ("QUES", "R", QUESTIONABLE, Reason.OTHER),
        ("CAL", "R", QUESTIONABLE, Reason.CALIBRATING),
        ("EARLY", "R", QUESTIONABLE, Reason.EARLY),
        ("EARLY~CAL", "R", QUESTIONABLE, Reason.CALIBRATING),
        ("NAV", "X", ABSENT, Reason.NOT_AVAILABLE),
        ("NAV", "R", ABSENT, Reason.NOT_AVAILABLE),
        ("BUSY", "X", ABSENT, Reason.MEASURING),
        ("OFF", "X", ABSENT, Reason.OFF),
        ("MSK", "X", ABSENT, Reason.MASKED),
        ("OTH", "X", ABSENT, Reason.OTHER),
        ("NI", "X", ABSENT, Reason.NOT_AVAILABLE),
        ("NA", "X", ABSENT, Reason.NOT_AVAILABLE),
        ("INV", "X", INVALID, Reason.DISOWNED),
        ("INV", "R", INVALID, Reason.DISOWNED),
        ("inv", "r", INVALID, Reason.DISOWNED),
        ("NAN", "X", INVALID, Reason.NOT_A_NUMBER),
        ("PINF", "X", INVALID, Reason.OVER_RANGE),
        ("NINF", "X", INVALID, Reason.UNDER_RANGE),
        ("QUES~INV", "R", INVALID, Reason.DISOWNED),
        ("QUES~NAV", "R", ABSENT, Reason.NOT_AVAILABLE),
        ("QUES", "X", ABSENT, Reason.OTHER),
        ("CAL", "X", ABSENT, Reason.CALIBRATING),
        ("QUES", "W", INVALID, Reason.DISOWNED),
        ("CAL", "P", QUESTIONABLE, Reason.CALIBRATING),
        ("EARLY", "P", QUESTIONABLE, Reason.EARLY),
    ],
)
def test_the_worst_flag_counts_and_x_beats_everything(
    flags: str, status: str, validity: Validity, reason: Reason | None
) -> None:
    quality = quality_of(flags, status)
    assert (quality.validity, quality.reason, quality.is_simulated) == (validity, reason, False)
    found = reading(obx(HR, "72", flags=flags, status=status))
    assert (found.validity, found.reason) == (validity, reason)
    assert found.value == (72 if validity in (Validity.VALID, QUESTIONABLE) else None)
    assert found.raw == "72"


@pytest.mark.parametrize("flags", ["DEMO", "TEST", "TEST~QUES", "A~DEMO"])
def test_demonstration_is_apart_from_quality(flags: str) -> None:
    assert quality_of(flags, "R").is_simulated
    (report,) = reports(heard(obx(HR, "72", flags=flags)))
    assert report.simulated


# Sentinels: none may be valid


SENTINELS = [
    ("", "R", ""), ('""', "R", ""), ("72", "X", ""), ("", "X", "NAV"), ("-100", "F", ""), ("-100.00", "F", ""),
    ("-999", "R", ""), ("-99.9", "R", ""), ("-1", "R", ""), ("-1000", "R", ""), ("-10000", "R", ""),
    ("8388607", "R", ""), ("8388608", "R", ""), ("-8388608", "R", ""), ("8388606", "R", ""), ("-8388606", "R", ""),
    ("---", "R", ""), ("***", "R", ""), ("--", "R", ""), ("?", "R", ""), ("leads off", "R", ""), ("nan", "R", ""),
    ("<5", "R", ""), (">300", "R", ""), ("36,5", "R", ""), ("72", "R", "INV"), ("72", "R", "BUSY"), ("72", "R", "QUES"),
    ("72", "R", "OFF"), ("72", "W", ""), ("36.4^99.9^", "R", ""),
]  # fmt: skip


@pytest.mark.parametrize(("said", "status", "flags"), SENTINELS)
@pytest.mark.parametrize("code", [HR, SPO2, "150344^MDC_TEMP^MDC", "157784^MDC_FLOW_FLUID_PUMP^MDC"])
def test_no_sentinel_is_a_valid_value(code: str, said: str, status: str, flags: str) -> None:
    found = reading(obx(code, said, status=status, flags=flags, unit="%"))
    assert found.validity is not Validity.VALID
    assert found.reason is not None
    assert (found.value is None) == (found.validity in (ABSENT, INVALID))


def test_minus_one_is_a_value_where_it_can_be_one() -> None:
    found = reading(obx("131842^MDC_ECG_AMPL_ST_II^MDC", "-1", unit="266418^MDC_DIM_MILLI_VOLT^MDC"))
    assert (found.value, found.validity) == (-1, Validity.VALID)


@pytest.mark.parametrize("code", ["68063^MDC_ATTR_PT_WEIGHT^MDC", "188740^MDC_LEN_BODY_ACTUAL^MDC"])
@pytest.mark.parametrize("zero", ["0", "0.0"])
def test_a_weight_of_zero_was_not_entered(code: str, zero: str) -> None:
    found = reading(obx(code, zero, unit="263875^MDC_DIM_KILO_G^MDC"))
    assert (found.value, found.validity, found.reason) == (None, ABSENT, Reason.NOT_AVAILABLE)


def test_a_heart_rate_of_zero_is_a_value() -> None:
    assert reading(obx(HR, "0")).value == 0


def test_a_row_without_obx_2_is_inferred_and_doubted() -> None:
    found = reading(obx(HR, "72", kind=""))
    assert (found.value, found.validity, found.reason) == (72, QUESTIONABLE, Reason.OTHER)


def test_a_number_in_an_st_is_a_number() -> None:
    assert reading(obx(HR, "72", kind="ST")).value == 72


def test_trailing_zeros_are_kept_beside_the_number() -> None:
    found = reading(obx("150344^MDC_TEMP^MDC", "36.50", unit="268192^MDC_DIM_DEGC^MDC"))
    assert (found.value, found.raw) == (36.5, "36.50")


# Unknown rows


def test_an_unknown_parameter_keeps_its_words() -> None:
    found = reading(obx("188888^MDC_NEW_RATIO^MDC", "0.80", unit="262656^MDC_DIM_DIMLESS^MDC", place="1.9.1.5"))
    assert found == Reading(
        Metric.UNMAPPED,
        0.8,
        "1",
        name="188888^MDC_NEW_RATIO",
        raw="0.80",
        source="1.9.1",
        code=Code(188888, "MDC_NEW_RATIO"),
    )


def test_an_unknown_text_keeps_its_words() -> None:
    found = reading(obx("2453^COMEN_POS_BODY^99COMEN", "2821^COMEN_POS_SITTING^99COMEN", kind="CNE"))
    assert (found.metric, found.value, found.name) == (Metric.UNMAPPED, "COMEN_POS_SITTING", "2453^COMEN_POS_BODY")


@pytest.mark.parametrize("kind", ["XPN", "XCN", "CX", "PN", "CN", "XAD", "XTN", "ED"])
def test_an_unknown_row_of_a_persons_type_keeps_no_text(kind: str) -> None:
    found = reading(obx("9^X^99Y", "4711^Testcase^Alpha", kind=kind))
    assert (found.value, found.validity, found.reason, found.raw) == (None, ABSENT, Reason.MASKED, "")


@pytest.mark.parametrize(
    "name",
    ["Patient", "PATIENT_NAME", "Nurse", "MDC_ATTR_PT_NAME_GIVEN", "Operator", "USER", "Order", "PT_ID", "Device ID",
     "Comment", "Date of Birth", "MRN", "Physician"],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["ST", "TX", "NM", "CWE", ""])
def test_an_unknown_row_whose_name_suggests_a_person_keeps_no_text(name: str, kind: str) -> None:
    found = reading(obx(f"9^{name.replace(' ', '_')}^99Y", "4711", kind=kind))
    assert (found.value, found.reason, found.raw) == (None, Reason.MASKED, "")


def test_observer_and_patient_are_dropped() -> None:
    row = obx(HR, "72").replace("|||||", "|||||", 1).rstrip("|")
    said = heard("PID|||4711^^^X^PI||Testcase^Alpha", "NTE|1||Nurse Beta", row + "|||N0002^Beta^Nurse")
    for word in ("4711", "Testcase", "Alpha", "Beta", "N0002"):
        assert word not in repr(said)


def test_rows_of_the_device_tree_and_its_clock_are_no_parameters() -> None:
    tree = [
        obx("69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC", place="1.0.0.0", kind="", status="X"),
        obx("69798^MDC_DEV_ECG_VMD^MDC", place="1.5.0.0", kind="", status="X"),
        obx("528391^MDC_DEV_SPEC_PROFILE_BP^MDC", place="1", kind="", status="X"),
        obx("150020^MDC_PRESS_BLD_NONINV^MDC", place="1.0.1", kind="", status="X"),
        obx("67975^MDC_ATTR_TIME_ABS^MDC", "20260101000000", place="1.0.0.1", kind="DTM"),
        obx("68220^MDC_TIME_SYNC_PROTOCOL^MDC", "532224^MDC_TIME_SYNC_NONE^MDC", place="1.0.0.2", kind="CWE"),
        obx("131329^MDC_ECG_ELEC_POTL_I^MDC", "0^0^0", place="1.7.6.131329", kind="NA"),
    ]
    assert reports(heard(*tree)) == []


def test_an_unknown_metric_without_a_value_is_still_said() -> None:
    found = reading(obx("188888^MDC_NEW^MDC", kind="", status="X", flags="NAV", place="1.1.1.5"))
    assert (found.metric, found.value, found.validity) == (Metric.UNMAPPED, None, ABSENT)


def test_each_attribute_is_found_by_its_refid() -> None:
    for refid, number in ATTRIBUTE_REFIDS.items():
        assert parameter_of(f"0^{refid}^MDC").role is parameter_of(f"{number}^^MDC").role


def test_long_rows_are_cut_and_not_kept() -> None:
    before = rows.read_short.cache_info().currsize
    found = reading(obx("188888^MDC_NEW^MDC", "x" * 100_000, kind="ST"))
    assert isinstance(found.value, str)
    assert len(found.value) == len(found.raw) == 256
    assert rows.read_short.cache_info().currsize == before


def test_a_row_again_is_the_same_reading() -> None:
    assert reading(obx(HR, "72")) is reading(obx(HR, "72"))


@pytest.mark.parametrize("said", ["0", "72", "97.5", "0.00", "999999", "1000000", "8388607", "-5", "1e2", "", "5^"])
@pytest.mark.parametrize("code", [HR, "68063^MDC_ATTR_PT_WEIGHT^MDC", "188888^MDC_NEW^MDC", RATE])
def test_the_short_way_gives_what_the_long_way_gives(said: str, code: str) -> None:
    row = fields(obx(code, said, unit=PERCENT))
    parameter, place = parameter_of(row[3]), place_of(row[4])
    short = rows._usual(row, parameter, place.channel, GOOD, None)
    assert short in (None, rows._reading(row, parameter, place.channel, GOOD, None))


def test_every_flag_has_a_reason() -> None:
    assert all(reason for _, reason in FLAGS.values())
