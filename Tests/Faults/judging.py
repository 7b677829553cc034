"""Whether a command that met a fault did what HiLo promises."""

import dataclasses
import shutil
from pathlib import Path

import injection
import trees
from injection import Fault, Outcome
from scenarios import Scenario

# What a command that met a fault may end with: it failed to write, failed to read, or did not mind.
CODES = {"look": (0, 65, 73), "close": (0, 73), "unlink": (0, 73)}


@dataclasses.dataclass
class Tally:
    """What came out of a scenario."""

    runs: int = 0
    of: int = 0
    failed: int = 0
    killed: int = 0
    unminded: int = 0
    # After a kill: files that wait in vain, which no later command removes.
    remains: int = 0
    seconds: float = 0
    complaints: list[str] = dataclasses.field(default_factory=list)


class Bench:
    """Runs a scenario with faults, and knows how its area looks before and after."""

    def __init__(self, hilo: str, injector: injection.Injector, scenario: Scenario):
        self.hilo = hilo
        self.injector = injector
        self.scenario = scenario
        self.area = injector.scratch / "area"
        self.reset()
        self.old = self.look()
        clean = self.run(None)
        if clean.code != 0:
            raise SystemExit(f"faults.py: {scenario.name}: {clean.ending}: {clean.said}")
        self.new = self.look()
        self.counts = self._repeat().counts

    def _repeat(self) -> Outcome:
        """Comparing means something only if two runs make the same. The first one may also measure
        the machine, which is not done again."""
        self.reset()
        outcome = self.run(None)
        words = trees.difference(self.look(), self.new)
        if words or self.new == self.old:
            raise SystemExit(f"faults.py: {self.scenario.name}: two runs differ, or nothing was "
                             f"written: {words}")
        return outcome

    def reset(self) -> None:
        shutil.rmtree(self.area, ignore_errors=True)
        self.area.mkdir()
        self.scenario.prepare(self.area)

    def run(self, fault: Fault | None) -> Outcome:
        scenario = self.scenario
        return self.injector.run(
            [self.hilo, *scenario.arguments(self.area)], self.area / scenario.cwd, self.area, fault,
            scenario.changes(self.area), scenario.children, scenario.plain_rename)

    def look(self) -> trees.Tree:
        """The area without staging; a whole file that differs each time counts as `whole`."""
        tree = trees.without(trees.read(self.area), *self.scenario.ignored)
        for path, ending in self.scenario.volatile.items():
            if path in tree and (self.area / path).read_bytes().endswith(ending):
                tree[path] = "whole"
        return tree

    def staging(self) -> list[str]:
        tree = trees.read(self.area)
        ignored = self.scenario.ignored
        return [path for path in trees.staging(tree)
                if not any(path.startswith(folder + "/") for folder in ignored)]

    def meet(self, fault: Fault, tally: Tally) -> None:
        """Runs with a fault, looks, and runs again without one."""
        self.reset()
        outcome = self.run(fault)
        tally.runs += 1
        tally.seconds += outcome.seconds
        if not outcome.hit:
            return
        complaints = self._judge(fault, outcome, tally)
        if fault.kills or self.staging() or complaints:
            complaints += self._recover(tally)
        where = outcome.hit.splitlines()[0].split(" ", 2)[-1].replace(str(self.area) + "/", "")
        tally.complaints += [f"{self.scenario.name}: {fault} ({where}): {outcome.ending}: {words}"
                             for words in complaints]

    def _judge(self, fault: Fault, outcome: Outcome, tally: Tally) -> list[str]:
        now = self.look()
        is_new, is_old = now == self.new, now == self.old
        if fault.kills:
            tally.killed += 1
            is_whole = is_old or is_new or self._is_allowed_mix(now)
            is_waiting = self.scenario.keeps_folder and bool(self.staging())
            return self._judge_kill(outcome, is_whole or is_waiting, now)
        complaints = []
        codes = (0,) if fault.action == "short" else CODES.get(fault.kind, (73,))
        if fault.kind == "lock" and self.scenario.keeps_folder:
            codes += (0,)  # Not every file system has locks for folders: it goes on without.
        if self.scenario.children and 0 not in codes:
            codes += (0,)  # What the program reads of what it started may be all the same.
        if outcome.code not in codes:
            complaints.append(f"expected {' or '.join(map(str, codes))}; {last_line(outcome)}")
        if outcome.code == 0:
            tally.unminded += 1
            if not is_new:
                complaints.append(f"not the whole new content: {trees.difference(now, self.new)}")
        else:
            tally.failed += 1
            if not (is_old or is_new or self._is_allowed_mix(now)):
                complaints.append(self._words(now))
            # Where something waited that is gone by now says nothing to anybody.
            said = trees.without_staging(outcome.said)
            if not any(name in said for name in self.scenario.named):
                complaints.append(f"does not name the file: {last_line(outcome)}")
        if self.staging() and fault.kind not in ("unlink", "look"):
            complaints.append(f"left {', '.join(self.staging())}")
        return complaints

    def _judge_kill(self, outcome: Outcome, is_whole: bool, now: trees.Tree) -> list[str]:
        complaints = [] if is_whole else [self._words(now)]
        # Whose started program is killed goes on, and says so.
        if outcome.signal != 9 and not (self.scenario.children and outcome.code == 70):
            complaints.append(f"expected to be killed; {last_line(outcome)}")
        return complaints

    def _is_allowed_mix(self, now: trees.Tree) -> bool:
        # Without an exchange of names there is a moment with neither; the old one waits.
        if self.scenario.plain_rename and not now and self.staging():
            return True
        return self.scenario.unit == "file" and trees.is_mix(now, self.old, self.new)

    def _words(self, now: trees.Tree) -> str:
        return (f"neither the old content ({trees.difference(now, self.old)}) nor the new "
                f"({trees.difference(now, self.new)})")

    def _recover(self, tally: Tally) -> list[str]:
        """The next command must succeed, whatever the last one left."""
        outcome = self.run(None)
        now = self.look()
        if outcome.code != 0:
            return [f"the next run: {outcome.ending}: {last_line(outcome)}"]
        if now != self.new:
            return [f"the next run: {trees.difference(now, self.new)}"]
        left = self.staging()
        # Nobody knows whether a single file's writer is still at work.
        folders = [path for path in left if trees.FOLDER.search(Path(path).name)]
        tally.remains += len(left) - len(folders)
        return [f"the next run left {', '.join(folders)}"] if folders else []


def last_line(outcome: Outcome) -> str:
    lines = [line for line in outcome.said.splitlines() if "error: " in line]
    lines = lines or outcome.said.strip().splitlines()
    return lines[-1][:300] if lines else "said nothing"
