"""Kernels that are forks of a job do what kernels of their own interpreters do, and leave nothing of it in the job."""

import importlib.util
import logging
import os
import sys
import time
import warnings

import matplotlib.pyplot as plt
import pytest
from jupyter_client.provisioning import local_provisioner
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat.v4 import new_code_cell, new_notebook

from metanash_replication import executing

pytestmark = pytest.mark.filterwarnings("default", "ignore::DeprecationWarning")  # kernels get these rules
CELLS = [
    "import os, sys, warnings, logging\n__name__, sorted(name for name in globals() if not name.startswith('_'))",
    "print('out'); print('err', file=sys.stderr)",
    "warnings.warn('mind this')",
    "logging.getLogger('some').warning('logged'); logging.getLogger('some').info('not shown')",
    "os.environ['MPLBACKEND'], os.getcwd() == os.environ['WANTED'], sys.argv[1], len(sys.argv)",
    "import matplotlib.pyplot as plt\nplt.figure(figsize=(2, 1)).subplots().loglog([1, 10], [1e-3, 1e5]);",
    "import pandas as pd\npd.DataFrame({f'a column {k}': [1.5] for k in range(30)})",
]


@pytest.fixture(autouse=True)
def surroundings(monkeypatch):
    monkeypatch.setenv("WANTED", os.getcwd())
    monkeypatch.delenv("MPLBACKEND", raising=False)


def execute(notebook, **options):
    """Where warnings are shown as they are in a job, not collected as pytest does it."""
    spec = importlib.util.find_spec("warnings")
    fresh = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fresh)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(warnings, "_showwarnmsg_impl", fresh._showwarnmsg_impl)
        executing.execute(notebook, **options)


def notebook_of(*cells):
    return new_notebook(cells=[new_code_cell(cell, id=f"cell{k}") for k, cell in enumerate(cells)])


@pytest.mark.parametrize(("platform", "asked", "forked"), [("linux", "", True), ("linux", "1", False),
                                                           ("darwin", "", False)])  # fmt: skip
def test_kernels_are_forks_where_jobs_are(platform, asked, forked, monkeypatch):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv("METANASH_OWN_INTERPRETERS", asked)
    before = local_provisioner.launch_kernel
    with executing.kernels_are_forks():
        assert (local_provisioner.launch_kernel is executing._fork) == forked
    assert local_provisioner.launch_kernel is before


def test_outputs_are_those_of_a_kernel_of_its_own():
    own, forked = notebook_of(*CELLS), notebook_of(*CELLS)
    NotebookClient(own, kernel_name="python3", record_timing=False, extra_arguments=executing.QUIET).execute()
    plt.switch_backend("agg")  # the harder case: it is there before the fork, and has drawn
    with plt.rc_context({"figure.dpi": 140}):
        left_open = plt.figure(figsize=(3, 2))
        execute(forked)
        plt.close(left_open)
    for cell, other in zip(own.cells, forked.cells, strict=True):
        assert [_bare(output) for output in cell.outputs] == [_bare(output) for output in other.outputs]
    assert [len(cell.outputs) for cell in forked.cells] == [1, 2, 1, 1, 1, 1, 1]
    assert "image/png" in forked.cells[5].outputs[0].data


def _bare(output):
    """Without the name of the file of a cell, which has the number of the process."""
    if "ipykernel_" in output.get("text", ""):
        output = {**output, "text": output.text.split(": ", 1)[1]}
    return output


def test_it_is_a_process_of_its_own_and_a_child():
    notebook = notebook_of("import os; print(os.getpid(), os.getppid(), os.getpgid(0))")
    execute(notebook)
    kernel, parent, group = map(int, notebook.cells[0].outputs[0].text.split())
    assert parent == os.getpid()
    assert kernel == group != parent
    with pytest.raises(ProcessLookupError):
        os.kill(kernel, 0)


def test_an_error_is_told_with_its_traceback():
    with pytest.raises(CellExecutionError, match=r"(?s)f\(\)\n.*In\[1\].*line 2.*division by zero"):
        execute(notebook_of("def f():\n    return 1 / 0", "f()"))


def test_a_cell_that_takes_too_long_is_stopped_and_so_is_its_kernel(tmp_path, monkeypatch):
    """Signals that the kernel is sent are none of the job's, whose loop would clean up a second time."""
    cleaned, clean = [], NotebookClient._async_cleanup_kernel
    monkeypatch.setattr(NotebookClient, "_async_cleanup_kernel", lambda self: cleaned.append(1) or clean(self))
    number = tmp_path / "number"
    cell = f"import os, time\nopen({str(number)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)"
    begun = time.monotonic()
    with pytest.raises(CellTimeoutError):
        execute(notebook_of(cell), timeout=5)
    assert time.monotonic() - begun < 50
    with pytest.raises(ProcessLookupError):
        os.kill(int(number.read_text()), 0)
    assert len(cleaned) == 1


def test_a_kernel_that_is_killed_is_noticed():
    with pytest.raises(DeadKernelError):
        execute(notebook_of("import os; os.kill(os.getpid(), 9)"))


def test_nothing_of_it_is_left_in_the_job():
    before = executing.local_provisioner.launch_kernel
    folder, handlers = os.getcwd(), [*logging.getLogger().handlers]
    execute(notebook_of("import os, logging\nos.chdir('/')\nos.environ['LEFT'] = '1'\nlogging.basicConfig()"))
    assert executing.local_provisioner.launch_kernel is before
    assert (os.getcwd(), logging.getLogger().handlers) == (folder, handlers)
    assert "LEFT" not in os.environ


def test_warnings_of_the_notebook_do_not_go_to_the_log_of_the_job(caplog):
    """The job sends its own there."""
    logging.captureWarnings(True)
    try:
        notebook = notebook_of("import warnings; warnings.warn('mind this')")
        execute(notebook)
    finally:
        logging.captureWarnings(False)
    assert "mind this" in notebook.cells[0].outputs[0].text
    assert "mind this" not in caplog.text


def test_other_kernels_than_pythons_are_refused():
    with pytest.raises(ValueError, match="not a kernel of Python: R --slave"):
        executing._fork(["R", "--slave"])
