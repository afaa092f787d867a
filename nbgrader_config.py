"""nbgrader for MOD-208. Settings a class may change come from the environment; the rest is the course's own.

MOD208_CLASS     folder of a class (source, submitted, gradebook ...); default: this folder
MOD208_EXCHANGE  exchange folder, writable to all; default: nbgrader's
MOD208_TOGETHER  assignments of your own whose tests look at names of the learner's kernel, with commas between
MOD208_DB_URL    gradebook, for example postgresql://...; default: gradebook.db in the class's folder
"""

import os
import sys
from pathlib import Path

from grading.submission import LearnersOwn

c = get_config()  # noqa: F821 - nbgrader provides it

course = Path(__file__).resolve().parent
klass = Path(os.environ.get("MOD208_CLASS", course)).resolve()
# nbgrader starts `alembic` by name, which a virtual environment that is not activated does not put on PATH.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])

c.CourseDirectory.course_id = "mod208"
c.CourseDirectory.root = str(klass)
if url := os.environ.get("MOD208_DB_URL"):
    c.CourseDirectory.db_url = url
if exchange := os.environ.get("MOD208_EXCHANGE"):
    c.Exchange.root = exchange
# Who hands in from here takes along what the judge cannot find in the files.
c.ExchangeFactory.submit = "helpers.course.classroom.submitting.Submit"
# What learners wrote to the exchange is taken as data.
c.ExchangeFactory.collect = "grading.collecting.Collect"

# Never copied, in no direction: tool caches, state (it holds secrets), service data, backups of the lab framework.
c.CourseDirectory.ignore = [
    ".ipynb_checkpoints",
    "*.pyc",
    "__pycache__",
    "feedback",
    ".git",
    ".terraform",
    "*.tfstate",
    "*.tfstate.*",
    "*.tfplan",
    ".terraform.tfstate.lock.info",
    ".state",
    "backup",
    ".cache",
    ".pytest_cache",
    ".DS_Store",
]
c.CourseDirectory.max_file_size = 10_000  # kB
c.CourseDirectory.max_dir_size = 50_000

# What learners get. A comment is a valid stub in Python, HCL, Rego and YAML alike.
c.IncludeHeaderFooter.header = str(course / "source" / "header.ipynb")
c.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE"}
c.ClearSolutions.text_stub = "YOUR ANSWER HERE"
c.GenerateAssignment.preprocessors = [
    "grading.release.NoWork",
    "grading.release.LockSetup",
    "nbgrader.preprocessors.IncludeHeaderFooter",
    "nbgrader.preprocessors.LockCells",
    "nbgrader.preprocessors.ClearSolutions",
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.CheckCellMetadata",
    "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.SaveCells",
    "grading.due.DueDate",
    "nbgrader.preprocessors.ClearHiddenTests",
    "nbgrader.preprocessors.ClearMarkScheme",
    "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.CheckCellMetadata",
]

# How submissions are run. (`c.ExecutePreprocessor.timeout` would do nothing.)
c.Execute.timeout = int(os.environ.get("MOD208_CELL_TIMEOUT", "300"))
c.Execute.iopub_timeout = 120
c.Execute.startup_timeout = 120
c.GradedExecute.budget = int(os.environ.get("MOD208_NOTEBOOK_TIMEOUT", "2400"))
c.GradedExecute.unsafe = os.environ.get("MOD208_UNSAFE_GRADING") == "1"
# Their locked cells ask services that the learner's cells set up (docs/grading.md).
c.GradedExecute.resumed = ["lab2-gitops", "lab3-compliance", "project"]
# Assignments of the instructor's own whose tests look at what the learner's cells have defined.
c.GradedExecute.together = [name for name in os.environ.get("MOD208_TOGETHER", "").split(",") if name]
c.LimitOutput.max_lines = 500
c.RestoreCells.add_missing_cells = True
c.Autograde.exclude_overwriting = LearnersOwn(klass / "source", list(c.CourseDirectory.ignore))
c.Autograde.exporter_class = "grading.submission.SubmissionReader"
c.Autograde.pre_convert_hook = "grading.submission.complete"
c.Autograde.sanitize_preprocessors = [
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.DeduplicateIds",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "grading.submission.RestoreCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.Autograde.autograde_preprocessors = [
    "grading.execute.GradedExecute",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]

# What is shown of a submission (formgrader, feedback, nbconvert with this configuration) does nothing.
c.HTMLExporter.preprocessors = ["grading.files_shown.FilesShown", "grading.inert.Inert"]
c.HTMLExporter.filters = {"markdown2html": "grading.inert.markdown2html"}

# What goes back, and out.
c.GenerateFeedback.exporter_class = "grading.feedback.FeedbackExporter"
c.ExportApp.plugin_class = "grading.export.CourseExport"
