"""What a notebook shows. Each widget has a static HTML twin; `helpers.widgets` imports nothing heavy.

Static renderers return HTML that is safe whatever the values are, the same each time, and usable by keyboard
(``<details>``) without any script. The interactive classes show a widget where a front end is there and the static
twin where none is.
"""

from helpers.widgets._cards import check_html, interface_html, registry_card_html, service_html, tools_html
from helpers.widgets._evidence import git_log_html, policy_report_html, signature_html
from helpers.widgets._gates import audit_html, gate_report_html, pull_request_html
from helpers.widgets._gitops import applications_html, events_html, object_html, operation_html, resource_diff_html
from helpers.widgets._html import table_html
from helpers.widgets._moments import Moment, moments
from helpers.widgets._plan import blast_radius_svg, graph_svg, plan_html
from helpers.widgets._risk import Risk, plan_risks
from helpers.widgets._runs import apply_html, diagnostics_html, drift_html, outputs_html, test_html
from helpers.widgets._sbom import sbom_diff_html, sbom_html
from helpers.widgets.application_tree import ApplicationTree, application_tree_html, settled
from helpers.widgets.apply_progress import ApplyProgress
from helpers.widgets.audit_timeline import AuditTimeline, audit_timeline_html
from helpers.widgets.check_panel import CheckPanel
from helpers.widgets.control_coverage import control_coverage_html
from helpers.widgets.drift_board import DriftBoard, drift_board_html
from helpers.widgets.gate_report import GatePanel
from helpers.widgets.panels import PolicyTable, RegistryCard, SignaturePanel, ToolProgress
from helpers.widgets.plan_viewer import PlanViewer
from helpers.widgets.promotion_board import PromotionBoard, promotion_board_html
from helpers.widgets.timeline import Timeline, timeline_html

__all__ = [
    "ApplicationTree", "ApplyProgress", "AuditTimeline", "CheckPanel", "DriftBoard", "GatePanel", "Moment",
    "PlanViewer", "PolicyTable", "PromotionBoard", "RegistryCard", "Risk", "SignaturePanel", "Timeline",
    "ToolProgress", "application_tree_html", "applications_html", "apply_html", "audit_html", "audit_timeline_html",
    "blast_radius_svg", "check_html", "control_coverage_html", "diagnostics_html", "drift_board_html", "drift_html",
    "events_html", "gate_report_html", "git_log_html", "graph_svg", "interface_html", "moments", "object_html",
    "operation_html", "outputs_html", "plan_html", "plan_risks", "policy_report_html", "promotion_board_html",
    "pull_request_html", "registry_card_html", "resource_diff_html", "sbom_diff_html", "sbom_html", "service_html",
    "settled", "signature_html", "table_html", "test_html", "timeline_html", "tools_html",
]  # fmt: skip
