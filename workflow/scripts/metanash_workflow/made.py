"""Records of what each job made, and from what: by them a job refuses inputs that do not belong together.

Snakemake deletes the outputs of a job that fails, but later files stay, and a file may be changed by hand or cut off.
So each job writes, beside its outputs, a record ``results/made/...json`` with the digests (SHA-256) of all of them, of
its inputs, of its parameters and code, and of itself. Names in records do not depend on where the results are. A run
begins with a look at all of them (``workflow.running.damage``).
"""

from metanash_workflow.costs import spent
from metanash_workflow.logs import StoppedError

import glob
import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from metanash_replication.seals import Places, Record, digest, digest_of_text, digests_in, read_record, sealed

__all__ = ["Made", "digests", "job", "parameters_digest"]

RECORDS = "{results}/made/"
SHOWN = 8
"""As many faults are named."""


def parameters_digest(parameters: Mapping[str, Any]) -> str:
    """Digest of the parameters of a job."""
    return digest_of_text(json.dumps(dict(parameters), sort_keys=True, default=str))


class Made(Places):
    """The files of a run, their records and digests.

    Parameters
    ----------
    results, figures : str
        As for places.
    """

    def __init__(self, results: str, figures: str) -> None:
        super().__init__(results, figures)
        self.records: dict[str, Record] = {}  # by output
        self.parameters: dict[str, str] = {}  # by record
        self._found: dict[str, str] = {}
        for path in sorted(Path(results, "made").rglob("*.json")):
            try:
                record = read_record(path)
            except FileNotFoundError:  # of another job, which begins anew
                continue
            except ValueError as error:
                raise StoppedError(f"{path}: damaged ({error}); run snakemake again, which makes it anew") from None
            self.records |= dict.fromkeys(record["outputs"], record)
            self.parameters[path.relative_to(results).as_posix()] = record["parameters"]

    def digest(self, name: str) -> str:
        """Digest of a file as it is; empty if it is missing."""
        if name not in self._found:
            self._found[name] = digest(self.path(name))
        return self._found[name]

    def _is_as_made(self, name: str) -> bool:
        return name in self.records and self.digest(name) == self.records[name]["outputs"][name]

    def _faults(self, names: list[str]) -> Iterator[str]:
        """Files, back to the first, that are not as they were made, or not made of those that are there."""
        queue = [name for name in names if self.is_made(name)]
        for name in queue:
            if name not in self.records:
                yield f"{self.path(name)}: nothing says what it was made from; delete it"
            elif not self._is_as_made(name):
                rule = self.records[name]["rule"]
                yield f"{self.path(name)}: truncated, or changed since rule {rule} made it"
            else:
                for source, digest in self.records[name]["inputs"].items():
                    made = self.is_made(source)
                    if digest and not self.digest(source):
                        yield f"{self.path(name)}: made from {self.path(source)}, which is missing"
                    elif made and source not in queue:
                        queue.append(source)
                    if self.digest(source) not in {"", digest} and (not made or self._is_as_made(source)):
                        yield f"{self.path(name)}: made from another {self.path(source)} than is there; delete it"

    def check(self, names: list[str]) -> None:
        """Raise StoppedError if files do not belong together."""
        _stop_at(list(self._faults(names)))

    def check_parameters(self, wanted: Mapping[str, str]) -> None:
        """Raise StoppedError if a job had other parameters than those that its record is to have."""
        _stop_at(
            [
                f"{self.path('{results}/' + record)}: made with other parameters than the configuration has; delete it"
                for record, digest in wanted.items()
                if self.parameters.get(record) != digest
            ]
        )


def _stop_at(faults: list[str]) -> None:
    if faults:
        more = [f"and {len(faults) - SHOWN} more"] if len(faults) > SHOWN else []
        raise StoppedError(
            "\n  ".join(["These results do not belong together:", *faults[:SHOWN], *more])
            + "\nThen run snakemake again, without a target: it makes anew whatever is missing or damaged."
        )


def _inputs(snakemake: Any, made: Made) -> dict[str, str]:
    """Name of each input but code and records, and its path.

    ``input.theirs`` are files of the user's, which may lie among the results: then no record knows them.
    """
    code, theirs = set(snakemake.input.code), set(getattr(snakemake.input, "theirs", ()))
    names = {made.name(path): path for path in snakemake.input if path not in code | theirs}
    names |= {name if (name := made.name(path)) in made.records else path: path for path in theirs}
    return {name: path for name, path in names.items() if not name.startswith(RECORDS)}


def digests(snakemake: Any, parameters: Mapping[str, str]) -> dict[str, str]:
    """Digests of all inputs of a job by their paths, after a look at the parameters of the jobs that made them.

    Raises
    ------
    StoppedError
        If parameters are not those of ``parameters``, a digest for each record.
    """
    made = Made(snakemake.config["results"], snakemake.config["paper_figures"])
    made.check_parameters(parameters)
    return {path: made.digest(name) for name, path in _inputs(snakemake, made).items()}


def _sweep(path: Path) -> None:
    """Delete what a killed job had begun to write beside a file (:func:`metanash.archive.write_text` and the like)."""
    for part in path.parent.glob(f".{glob.escape(path.name)}.????????"):
        part.unlink()


@contextmanager
def job(snakemake: Any) -> Iterator[dict[str, Path]]:
    """Check what a job is made from, run it, and record what it made.

    Parameters
    ----------
    snakemake : object
        What a script rule is given. ``output.made`` is the record, ``input.code`` the sources.

    Yields
    ------
    outputs : dict from str to path
        Without the record; outputs without a name have numbers.

    Raises
    ------
    StoppedError
        If inputs do not belong together.
    """
    made, record = Made(snakemake.config["results"], snakemake.config["paper_figures"]), snakemake.output.made
    inputs = list(_inputs(snakemake, made))
    made.check(inputs)
    if not hasattr(snakemake.input, "theirs"):  # digests vouch for all archives, however well their numbers compress
        os.environ.setdefault("METANASH_MOST_BYTES", str(2**63))
    content = {
        "rule": snakemake.rule,
        "inputs": {name: made.digest(name) for name in inputs},
        "code": parameters_digest({made.name(path): made.digest(made.name(path)) for path in snakemake.input.code}),
        "parameters": parameters_digest(dict(snakemake.params.items())),
    }
    paths = [path for path in snakemake.output if path != record]
    names = {path: name for name, path in snakemake.output.items()}
    for path in paths:
        _sweep(Path(path))
    yield {names.get(path, str(number)): Path(path) for number, path in enumerate(paths)}
    content["outputs"] = {made.name(path): digest(Path(path)) for path in paths}
    content["folders"] = {made.name(path): digests_in(Path(path)) for path in paths if Path(path).is_dir()}
    part = Path(f"{record}.part")
    part.write_text(sealed(content))
    part.replace(record)  # other jobs read all records that are there
    logging.info("made %s", ", ".join(paths))
    logging.info("%s", spent())
