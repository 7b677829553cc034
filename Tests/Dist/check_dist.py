"""What `make dist` wrote works where no Swift is: python3 Tests/Dist/check_dist.py [dist]

The archive is unpacked into a root that has the system's programs and libraries and nothing else, and with
an empty environment the unpacked hilo generates, builds and verifies libraries there. Making such a root
needs a user who is root, or user namespaces; without either the same runs beside Swift, which is said, and the
libraries that the program loads are looked at instead. The steps of the Dockerfile's last stage run in the
root too.
"""

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "Tests" / "Python"))
from usage import Parser  # noqa: E402

SYSTEM = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32")
CONFIGURATION = ("alternatives", "ld.so.cache", "passwd", "group")
EXPECTED = ("bin/hilo", "share/man/man1/hilo.1", "share/man/man1/hilo-generate.1",
            "share/bash-completion/completions/hilo", "share/zsh/site-functions/_hilo",
            "share/fish/vendor_completions.d/hilo.fish", "share/doc/hilo/LICENSE",
            "share/doc/hilo/THIRD-PARTY.txt", "share/doc/hilo/README.md", "share/doc/hilo/CHANGELOG.md",
            "share/doc/hilo/examples/tiny.yaml")
# What somebody does who has unpacked it: the last line of the classifier's answer is looked at.
STEPS = """
hilo --version
hilo generate --config {examples}/tiny.yaml --seed 1 --no-tuning --output tiny
hilo build tiny
hilo verify tiny
hilo generate --checkpoint {examples}/digits/digits.pth --name digits --no-tuning --output digits
hilo build digits
hilo run digits --input {examples}/digits/images/held_out_036_is_3.png --labels {examples}/digits/labels.txt --top 1
hilo package digits --wheel
"""


class Failure(Exception):
    """What is wrong with the release."""


def expect(holds: bool, words: str):
    if not holds:
        raise Failure(words)


class Root:
    """A folder that commands take for the whole system."""

    def __init__(self, folder: Path):
        self.folder = folder
        for name in ("dev", "etc", "proc", "tmp", "opt", "work"):
            (folder / name).mkdir()
        for name in SYSTEM:
            original = Path("/") / name
            if original.is_symlink():
                (folder / name).symlink_to(os.readlink(original))
            elif original.is_dir():
                (folder / name).mkdir()
        self.is_isolated = self._works()

    def _mounts(self) -> str:
        lines = ["set -e"]
        for name in SYSTEM:
            target = self.folder / name
            if target.is_dir() and not target.is_symlink():
                lines.append(f"mount --rbind /{name} {shlex.quote(str(target))}")
                lines.append(f"mount -o remount,bind,ro {shlex.quote(str(target))}")
                lines.append(f"mount -t tmpfs none {shlex.quote(str(target / 'local'))}"
                             if name == "usr" else ":")
        lines.append(f"mount --rbind /dev {shlex.quote(str(self.folder / 'dev'))}")
        lines.append(f"mount -t proc proc {shlex.quote(str(self.folder / 'proc'))} || "
                     f"mount --rbind /proc {shlex.quote(str(self.folder / 'proc'))}")
        for name in CONFIGURATION:
            original, copy = Path("/etc") / name, self.folder / "etc" / name
            if original.is_dir() and not copy.exists():
                shutil.copytree(original, copy, symlinks=True)
            elif original.exists() and not copy.exists():
                shutil.copy(original, copy)
        return "\n".join(lines)

    def run(self, script: str, home: str) -> subprocess.CompletedProcess:
        """In the root where that can be, and with PATH, HOME and TMPDIR alone in any case."""
        path = f"{home}/bin:/usr/local/bin:/usr/bin:/bin"
        clean = ["env", "-i", f"PATH={path}", "HOME=/tmp", "TMPDIR=/tmp"]
        if not self.is_isolated:
            inside = str(self.folder)
            clean = ["env", "-i", f"PATH={inside}{home}/bin:/usr/bin:/bin", f"HOME={inside}/tmp",
                     f"TMPDIR={inside}/tmp"]
            return captured([*clean, "sh", "-euc", f"cd {shlex.quote(inside)}/work\n{script}"])
        enter = shlex.join(["chroot", str(self.folder), *clean, "sh", "-euc", f"cd /work\n{script}"])
        return captured(["unshare", *self.options, "sh", "-c", f"{self._mounts()}\nexec {enter}"])

    def path(self, inside: str) -> str:
        """How a script names a file of the root."""
        return inside if self.is_isolated else f"{self.folder}{inside}"

    def _works(self) -> bool:
        for options in (["--mount"], ["--mount", "--user", "--map-root-user"]):
            self.options, self.is_isolated = options, True
            if self.run("true", "/opt").returncode == 0:
                return True
        return False


def captured(command: list[str]) -> subprocess.CompletedProcess:
    return subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL)


def check_archive(archive: Path, root: Root) -> str:
    with tarfile.open(archive) as packed:
        names = packed.getnames()
        top = names[0]
        expect(all(name == top or name.startswith(top + "/") for name in names),
               f"{archive.name}: not everything is in {top}")
        expect(all(member.uid == member.gid == 0 for member in packed), f"{archive.name}: has owners")
        packed.extractall(root.folder / "opt", filter="tar")
    missing = [name for name in EXPECTED if f"{top}/{name}" not in names]
    expect(not missing, f"{archive.name}: has no {', '.join(missing)}")
    return f"/opt/{top}"


def check_use(root: Root, home: str):
    if root.is_isolated:
        said = root.run("command -v swift || ls /opt", home).stdout.split()
        expect(said == [home.removeprefix("/opt/")], f"the root has more than the release: {said}")
    examples = shlex.quote(root.path(f"{home}/share/doc/hilo/examples"))
    ending = root.run(STEPS.format(examples=examples), home)
    expect(ending.returncode == 0, f"a step failed with {ending.returncode}:\n{ending.stdout[-3000:]}")
    expect("three" in ending.stdout, f"the digit was not found:\n{ending.stdout[-1000:]}")
    loaded = root.run(f"ldd $(command -v hilo)", home).stdout
    expect("not found" not in loaded and "swift" not in loaded, f"hilo loads:\n{loaded}")


def check_texts(folder: Path):
    """Man pages and completions are what the tools that read them take."""
    for page in sorted((folder / "share/man/man1").glob("*.1")):
        if shutil.which("groff"):
            ending = captured(["groff", "-mandoc", "-Tutf8", "-ww", "-z", str(page)])
            expect(ending.returncode == 0 and not ending.stdout, f"{page.name}: {ending.stdout}")
        expect(".Sh SYNOPSIS" in page.read_text(), f"{page.name}: has no synopsis")
        if shutil.which("lexgrog"):
            said = captured(["lexgrog", str(page)]).stdout
            expect(f'"{page.stem} - ' in said, f"{page.name}: whatis finds '{said.strip()}'")
    share = folder / "share"
    for shell, name in (("bash", "bash-completion/completions/hilo"), ("zsh", "zsh/site-functions/_hilo"),
                        ("fish", "fish/vendor_completions.d/hilo.fish")):
        expect("generate" in (share / name).read_text(), f"{name}: knows no command")
        if shutil.which(shell):
            ending = captured([shell, "-n", str(share / name)])
            expect(ending.returncode == 0, f"{name}: {ending.stdout}")
    if shutil.which("bash"):
        complete = (f"source {shlex.quote(str(share / 'bash-completion/completions/hilo'))}\n"
                    "COMP_WORDS=(hilo gen) COMP_CWORD=1 COMP_LINE='hilo gen' COMP_POINT=8\n"
                    "_hilo hilo gen hilo; echo \"${COMPREPLY[@]}\"")
        said = captured(["bash", "-c", complete]).stdout.strip()
        expect(said == "generate", f"bash completes 'gen' to '{said}'")


def check_package(package: Path, archive_home: Path, scratch: Path):
    control = captured(["dpkg-deb", "--field", str(package)]).stdout
    fields = dict(re.findall(r"^([A-Z][A-Za-z-]*): (.*)$", control, re.MULTILINE))
    expect(fields.get("Version") in package.name, f"{package.name}: is version {fields.get('Version')}")
    depends = fields.get("Depends", "")
    expect(re.search(r"\blibc6 \(>= ", depends) is not None, f"{package.name}: depends on '{depends}'")
    for name in re.findall(r"([a-z0-9.+-]+)(?: \([^)]*\))?(?:, |$)", depends):
        expect(captured(["dpkg", "--status", name]).returncode == 0, f"depends on {name}, which is not here")
    folder = scratch / "package"
    expect(captured(["dpkg-deb", "--extract", str(package), str(folder)]).returncode == 0,
           f"{package.name}: cannot be unpacked")
    same = (folder / "usr/bin/hilo").read_bytes() == (archive_home / "bin/hilo").read_bytes()
    expect(same, f"{package.name}: has another program than the archive")
    sums = captured(["dpkg-deb", "--info", str(package), "md5sums"]).stdout
    ending = subprocess.run(["md5sum", "--quiet", "--check", "-"], input=sums, text=True, cwd=folder)
    expect(ending.returncode == 0, f"{package.name}: files are not those of its md5sums")
    if shutil.which("lintian"):
        ending = captured(["lintian", "--fail-on", "error,warning", "--suppress-tags",
                           "statically-linked-binary,embedded-library", str(package)])
        expect(ending.returncode == 0, f"lintian:\n{ending.stdout}")
    else:
        print("dist: lintian is not installed, so it was not asked")


def instructions(text: str) -> list[tuple[str, str]]:
    joined = re.sub(r"\\\n\s*", " ", "\n".join(
        line for line in text.splitlines() if not line.lstrip().startswith("#")))
    return [tuple(line.split(None, 1)) for line in joined.splitlines() if line.strip()]


def check_dockerfile(root: Root, archive: Path):
    """Its form, and the steps of its last stage, in the root; packages are the system's there."""
    if shutil.which("hadolint"):
        ending = captured(["hadolint", "--ignore", "DL3008", str(ROOT / "Dockerfile")])
        expect(ending.returncode == 0, f"hadolint:\n{ending.stdout}")
    found = instructions((ROOT / "Dockerfile").read_text())
    stages: list[list[tuple[str, str]]] = []
    for word, rest in found:
        expect(word in {"FROM", "RUN", "WORKDIR", "COPY", "ENTRYPOINT", "CMD"}, f"Dockerfile: {word}?")
        if word == "FROM":
            expect(re.match(r"[a-z]+:[a-z0-9.-]+( AS [a-z]+)?$", rest) is not None and "latest" not in rest,
                   f"Dockerfile: FROM {rest} names no version")
            stages.append([])
        if word == "RUN" and "apt-get install" in rest:
            expect("--no-install-recommends" in rest and "rm -rf /var/lib/apt/lists/*" in rest,
                   f"Dockerfile: RUN {rest} leaves lists, or installs what is recommended")
        stages[-1].append((word, rest))
    expect(len(stages) == 2, f"Dockerfile: has {len(stages)} stages")
    build = " ".join(rest for word, rest in stages[0] if word == "RUN")
    expect("scripts/dist --output /dist" in build, "Dockerfile: its first stage does not run scripts/dist")
    if not root.is_isolated:
        return print("dist: the Dockerfile's steps did not run: they need a root of their own")
    shutil.copy(archive, root.folder / "tmp")
    steps = [rest for word, rest in stages[1] if word == "RUN" and "apt-get" not in rest]
    ending = root.run("\n".join(steps + ["hilo --help"]), "/nowhere")
    expect(ending.returncode == 0 and "SUBCOMMANDS" in ending.stdout, f"Dockerfile: {ending.stdout}")


def only(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    expect(len(found) == 1, f"{folder}: has {len(found)} files {pattern}; expected one, so empty it first")
    return found[0]


def main() -> int:
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "dist")
    folder = parser.parse_args().folder
    scratch = Path(tempfile.mkdtemp(prefix="hilo-dist-"))
    try:
        archive = only(folder, "hilo-*.tar.gz")
        (scratch / "root").mkdir()
        root = Root(scratch / "root")
        print("dist: in a root without Swift" if root.is_isolated
              else "dist: no root of its own can be made here: an empty environment instead")
        home = check_archive(archive, root)
        unpacked = root.folder / home[1:]
        check_texts(unpacked)
        check_use(root, home)
        check_dockerfile(root, archive)
        if shutil.which("dpkg-deb"):
            check_package(only(folder, "hilo_*.deb"), unpacked, scratch)
        print(f"dist: {archive.name} is well")
        return 0
    except Failure as failure:
        print(f"dist: {failure}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
