"""What a notebook shows. Each widget has a static HTML twin; `helpers.widgets` imports nothing heavy.

Static renderers return HTML that is safe whatever the values are, the same each time, and usable by keyboard
(``<details>``) without any script. The interactive classes show a widget where a front end is there and the static
twin where none is.
"""

from helpers.widgets._cards import check_html, interface_html, registry_card_html, service_html, tools_html
from helpers.widgets._evidence import git_log_html, policy_report_html, signature_html
from helpers.widgets._html import table_html
from helpers.widgets._plan import blast_radius_svg, graph_svg, plan_html
from helpers.widgets._risk import Risk, plan_risks
from helpers.widgets._runs import apply_html, diagnostics_html, drift_html, outputs_html, test_html
from helpers.widgets.apply_progress import ApplyProgress
from helpers.widgets.check_panel import CheckPanel
from helpers.widgets.panels import PolicyTable, RegistryCard, SignaturePanel, ToolProgress
from helpers.widgets.plan_viewer import PlanViewer

__all__ = [
    "ApplyProgress", "CheckPanel", "PlanViewer", "PolicyTable", "RegistryCard", "Risk", "SignaturePanel",
    "ToolProgress", "apply_html", "blast_radius_svg", "check_html", "diagnostics_html", "drift_html", "git_log_html",
    "graph_svg", "interface_html", "outputs_html", "plan_html", "plan_risks", "policy_report_html",
    "registry_card_html", "service_html", "signature_html", "table_html", "test_html", "tools_html",
]  # fmt: skip
