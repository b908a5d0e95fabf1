"""The numbered questions, and the provisions each serves, as of the day of checking.

Source: provisions as read or recalled on :data:`projections.catalogue.CHECKED_ON`.
"""

from __future__ import annotations

from projections.catalogue import Provision, Question


def _read(*texts: str) -> tuple[Provision, ...]:
    return tuple(Provision(text, read=True) for text in texts)


def _unread(*texts: str) -> tuple[Provision, ...]:
    return tuple(Provision(text, read=False) for text in texts)


_ACT = "EU AI Act, "
_SEC = "17 CFR 240.17a-4(f)"
_FDA = "21 CFR Part 11"
_E23 = "OSFI E-23"
_SR = "SR 26-2 / OCC 2026-13"
_REG_B = "12 CFR 1002.9 (Regulation B)"

_RECORD = (
    Question(
        "Q04",
        "completeness",
        "integrity.queries_completeness",
        _read(f"{_ACT}Article 12(1)") + _unread(f"{_SEC}(2)(ii)"),
    ),
    Question(
        "Q05",
        "integrity_of_range",
        "integrity.queries",
        _read(f"{_ACT}Article 12(1)") + _unread(_SEC, f"{_FDA}, 11.10"),
    ),
    Question(
        "Q22",
        "undeclared_consumers",
        "integrity.queries_consumers",
        _read(f"{_ACT}Article 12(2)"),
    ),
    Question(
        "Q23",
        "consumers_to_notify",
        "integrity.queries_consumers",
        _read(f"{_ACT}Article 20(1)") + _unread("C.R.S. 6-1-1702(2)"),
    ),
    Question("Q27", "key_status", "integrity.queries_completeness", _unread(_SEC)),
    Question(
        "Q28",
        "export_verify",
        "integrity.queries_consumers",
        _read(f"{_ACT}Article 18(1)") + _unread("Directive (EU) 2024/2853, Article 9"),
    ),
)
_DECISIONS = (
    Question(
        "Q01",
        "decision_chain",
        "commands.question",
        _read(f"{_ACT}Article 12(1)") + _unread("Canada, TBS Directive (AIA)"),
    ),
    Question(
        "Q07",
        "decisions_by_release",
        "decisions.queries_release",
        _read(f"{_ACT}Article 20(1)", f"{_ACT}Article 21(2)"),
    ),
    Question(
        "Q08",
        "decisions_by_source",
        "decisions.queries_impact",
        _read(f"{_ACT}Article 10(2)"),
    ),
    Question(
        "Q10",
        "subject_decisions",
        "decisions.queries_record",
        _read("GDPR, Article 15")
        + _unread("11 CCR 7222", "Israel, Protection of Privacy Law, section 13"),
    ),
    Question(
        "Q11",
        "decision_record",
        "decisions.queries_record",
        _read(f"{_ACT}Article 86(1)", "Quebec, Private Sector Act, section 12.1")
        + _unread(_REG_B),
    ),
    Question(
        "Q12",
        "oversight",
        "decisions.queries_oversight",
        _read(f"{_ACT}Article 14(4)", f"{_ACT}Article 26(5)", "GDPR, Article 22(3)"),
    ),
    Question(
        "Q29",
        "use_periods",
        "decisions.queries_oversight",
        _read(f"{_ACT}Article 12(3)"),
    ),
    Question(
        "Q30",
        "notices_due",
        "decisions.queries_oversight",
        _read(f"{_ACT}Article 26(7)")
        + _unread(_REG_B, "C.R.S. 6-1-1704", "NYC Local Law 144"),
    ),
    Question(
        "Q34",
        "decision_reconciliation",
        "decisions.queries_counts",
        _read(f"{_ACT}Article 12(1)") + _unread(f"{_SEC}(2)(ii)"),
    ),
    Question(
        "Q40",
        "repeated_or_bypassed",
        "decisions.queries_counts",
        _read(f"{_ACT}Article 14(4)"),
    ),
    Question("Q41", "sample", "decisions.queries_sample", _unread(_SR)),
)
_MODELS = (
    Question(
        "Q09",
        "models_by_component",
        "lineage.queries_components",
        _read(f"{_ACT}Annex IV(2)"),
    ),
    Question(
        "Q15",
        "datasheet",
        "lineage.queries_evidence",
        _read(f"{_ACT}Article 10(2)", f"{_ACT}Annex IV(2)(d)"),
    ),
    Question(
        "Q16",
        "reproducibility_manifest",
        "lineage.queries_evidence",
        _read(f"{_ACT}Annex IV(2)", f"{_ACT}Annex XI"),
    ),
    Question(
        "Q17",
        "evaluation_evidence",
        "lineage.queries_evidence",
        _read(f"{_ACT}Article 9(8)", f"{_ACT}Article 15(1)"),
    ),
    Question(
        "Q19", "review_due", "controls.queries_monitoring", _unread(_SR, f"{_E23} 3.4")
    ),
    Question(
        "Q20",
        "monitoring_status",
        "controls.queries_monitoring",
        _read(f"{_ACT}Article 72(1)") + _unread(f"{_E23} 3.6"),
    ),
    Question(
        "Q21",
        "realised_performance",
        "controls.queries_performance",
        _read(f"{_ACT}Article 15(3)") + _unread("NYC Local Law 144"),
    ),
    Question(
        "Q36", "findings_register", "controls.queries_register", _unread(_SR, _E23)
    ),
    Question(
        "Q43",
        "limit_history",
        "controls.queries_register",
        _read(f"{_ACT}Article 9(8)", f"{_ACT}Article 72(1)"),
    ),
)
_REGISTRY = (
    Question(
        "Q02",
        "live_at",
        "registry.queries",
        _read(f"{_ACT}Article 12(1)", f"{_ACT}Article 49") + _unread(f"{_E23} 2.1"),
    ),
    Question(
        "Q03",
        "deployment_history",
        "registry.queries",
        _read(f"{_ACT}Annex IV(6)"),
    ),
    Question(
        "Q06",
        "approvals",
        "registry.queries",
        _read(f"{_ACT}Article 17(1)") + _unread(f"{_FDA}, 11.50", f"{_E23} 3.4"),
    ),
    Question(
        "Q14",
        "change_diff",
        "registry.release_sides",
        _read(f"{_ACT}Article 43(4)", f"{_ACT}Annex IV(2)(f)")
        + _unread("FDA, PCCP guidance of December 2024", "C.R.S. 6-1-1702"),
    ),
    Question(
        "Q18",
        "inventory",
        "registry.inventory",
        _read(f"{_ACT}Annex VIII") + _unread(_E23, _SR, "OMB M-25-21"),
    ),
    Question(
        "Q33",
        "unregistered_in_use",
        "registry.standing",
        _read(f"{_ACT}Article 49") + _unread(f"{_E23} 2.1"),
    ),
    Question("Q37", "exceptions_in_force", "registry.standing", _unread(_SR, _E23)),
    Question(
        "Q39",
        "use_outside_approval",
        "registry.standing",
        _read(f"{_ACT}Article 26(1)"),
    ),
)
_GOVERNANCE = (
    Question(
        "Q13",
        "incident_timeline",
        "governance.queries_incidents",
        _read(f"{_ACT}Article 73(2)-(6)"),
    ),
    Question(
        "Q24",
        "retention_attestation",
        "governance.queries_retention",
        _read(f"{_ACT}Article 18(1)", f"{_ACT}Article 19(1)", f"{_ACT}Article 26(6)"),
    ),
    Question(
        "Q25",
        "erasure_log",
        "governance.queries_retention",
        _read("GDPR, Article 17(1) and (3)"),
    ),
    Question(
        "Q26",
        "access_log",
        "governance.queries_changes",
        _read("45 CFR 164.312(b)") + _unread("Israel, Data Security Regulations 2017"),
    ),
    Question(
        "Q31",
        "corrections",
        "governance.queries_changes",
        _read(f"{_ACT}Article 12(1)")
        + _unread(f"{_SEC}(2)(i)(A)", f"{_FDA}, 11.10(e)"),
    ),
    Question(
        "Q32",
        "holds",
        "governance.queries_retention",
        _read(f"{_ACT}Article 73(6)") + _unread("Directive (EU) 2024/2853, Article 9"),
    ),
    Question(
        "Q47",
        "administrator_actions",
        "governance.queries_changes",
        _unread(_E23, f"{_FDA}, 11.10(d)"),
    ),
)

NUMBERED = (*_RECORD, *_DECISIONS, *_MODELS, *_REGISTRY, *_GOVERNANCE)
