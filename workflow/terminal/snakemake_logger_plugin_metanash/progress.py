"""How far a run is: jobs that wait, run and are done, in the seconds that each rule is known to take."""

import time
from collections import Counter
from dataclasses import dataclass, field

UNKNOWN = 1.0  # seconds of a job about which nothing is known, until others of this run have shown the pace
PRIOR = 0.05  # the recorded times weigh as much as this share of the work, done at their pace


@dataclass
class Running:
    """A job at work."""

    rule: str
    words: str
    since: float
    logs: tuple = ()


@dataclass
class Progress:
    """State of a run.

    Attributes
    ----------
    counts : dict
        Number of jobs of each rule.
    cores : int
        Jobs at a time.
    seconds : dict
        Seconds that a job of each rule takes. A rule that is not there takes as long as the others on average.
    """

    counts: dict
    cores: int
    seconds: dict = field(default_factory=dict)
    now: object = time.monotonic

    def __post_init__(self):
        self.total = sum(self.counts.values())
        self.waiting = Counter(self.counts)
        self.running, self.done, self.failed = {}, 0, 0
        self._expected = self._taken = 0.0  # of jobs that are done

    def start(self, number, rule, words, logs=()):
        """A job has begun."""
        self.waiting[rule] = max(self.waiting[rule] - 1, 0)
        self.running[number] = Running(rule, words, self.now(), tuple(logs))

    def finish(self, number):
        """A job is done; it is returned if it was known to run."""
        job = self.running.pop(number, None)
        self.done += 1
        if job:
            self._expected += self.expected(job.rule)
            self._taken += self.now() - job.since
        return job

    def fail(self, number):
        """A job has failed; what depends on it will not run, which is not known here."""
        if self.running.pop(number, None):
            self.failed += 1

    def expected(self, rule):
        """Seconds of a job of a rule, by the records."""
        known = self.seconds or {rule: UNKNOWN}
        return known.get(rule, sum(known.values()) / len(known))

    def percent(self):
        """Work that is done, counted in time; 100 only when everything is."""
        if self.done >= self.total:
            return 100
        done = self._expected + sum(self._gone(job) for job in self.running.values())
        return min(int(100 * done / max(self._work() + done, 1e-9)), 99)

    def left(self):
        """Seconds until the end, if all cores are busy and no job is longer than what remains."""
        longest = [self._rest(job) for job in self.running.values()]
        longest += [self.expected(rule) for rule, count in self.waiting.items() if count]
        return self._pace() * max([self._work() / self.cores, *longest], default=0.0)

    def _gone(self, job):
        return min((self.now() - job.since) / self._pace(), self.expected(job.rule))

    def _rest(self, job):
        return self.expected(job.rule) - self._gone(job)

    def _work(self):
        waiting = sum(count * self.expected(rule) for rule, count in self.waiting.items())
        return waiting + sum(self._rest(job) for job in self.running.values())

    def _pace(self):
        """Time that jobs take here over the time they took when it was recorded.

        Of jobs that are done, and of those at work that take longer than that: in a run whose jobs are a hundred times
        as large as the recorded ones, the first of them tells so long before it ends.
        """
        prior = PRIOR * sum(count * self.expected(rule) for rule, count in self.counts.items())
        taken, expected = self._taken + prior, self._expected + prior
        pace = taken / expected if expected else 1.0
        for job in self.running.values():
            gone, usual = self.now() - job.since, self.expected(job.rule)
            if gone > usual * pace:
                taken, expected = taken + gone, expected + usual
        return taken / expected if expected else 1.0
