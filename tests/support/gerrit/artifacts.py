"""What a Gerrit is made of: Java, the jars (Maven), our launcher and plugin, an empty site.

All is made once and kept in the user's cache folder, named by what it was made from.
"""

import functools
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.support.needs import absent, find, needs
from tests.support.processes import run_tool

_HERE = Path(__file__).resolve().parent
_NEWEST = ("3.13.5", 21)  # the version tests run on, and the Java it needs
_FOR_JAVA_17 = ("3.9.1", 17)
_PLUGIN = "post-events.jar"


@dataclass(frozen=True)
class Java:
    """A JDK: its folder and its major version."""

    home: Path
    major: int

    def tool(self, name: str) -> Path:
        """One of its programs: java, javac, jar."""
        return self.home / "bin" / name


@dataclass(frozen=True)
class Artifacts:
    """A Gerrit ready to be copied and run."""

    version: str
    java: Java
    site: Path
    class_path: str

    def command(self, program: str) -> list[str | Path]:
        """The words that start `init` or `daemon`, to be followed by its options."""
        return java_command(self.java, self.class_path, program)


def java_command(java: Java, class_path: str, program: str) -> list[str | Path]:
    """Java with options for a small, quickly started Gerrit that logs to its standard output."""
    flogger = "com.google.common.flogger.backend.log4j.Log4jBackendFactory#getInstance"
    context = "com.google.gerrit.server.logging.LoggingContext#getInstance"
    return [
        java.tool("java"),
        *("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true"),
        f"-Dlog4j.configuration={(_HERE / 'log4j.properties').as_uri()}",
        f"-Dflogger.backend_factory={flogger}",
        f"-Dflogger.logging_context={context}",
        *("-cp", class_path, "Boot", program),
    ]


@functools.cache
def find_java() -> Java:
    """The newest JDK of this machine, 17 at least; the test skips where there is none."""
    homes = [Path(os.environ["JAVA_HOME"])] if os.environ.get("JAVA_HOME") else []
    homes += sorted(Path("/usr/lib/jvm").glob("*"))
    if javac := find("javac"):
        homes.append(javac.resolve().parents[1])
    javas = [Java(home, _major(home)) for home in homes if (home / "bin" / "javac").exists()]
    newest = max(javas, key=lambda java: java.major, default=None)
    if newest is None or newest.major < _FOR_JAVA_17[1]:
        absent("a JDK of version 17 or newer", "apt-get install openjdk-17-jdk-headless")
    return newest


def _major(home: Path) -> int:
    """Reads JAVA_VERSION="17.0.15" from the release file that every JDK carries."""
    try:
        text = (home / "release").read_text()
    except OSError:
        return 0
    version = re.search(r'^JAVA_VERSION="(?:1\.)?(\d+)', text, re.MULTILINE)
    return int(version[1]) if version else 0


def artifacts() -> Artifacts:
    """Makes what is missing (a first time takes some 30 s, mostly downloads) and returns it."""
    needs("git", package="git")
    java = find_java()
    version = (_NEWEST if java.major >= _NEWEST[1] else _FOR_JAVA_17)[0]
    library = _cached(
        f"gerrit-{version}-lib", [_HERE / "pom.xml"], lambda folder: _fetch(version, folder)
    )
    boot = _cached(
        f"gerrit-{version}-boot",
        [_HERE / "pom.xml", _HERE / "Boot.java"],
        lambda folder: _compile(java, [_HERE / "Boot.java"], library, folder),
    )
    class_path = os.pathsep.join([f"{library}/*", str(boot)])
    made_of = [_HERE / "pom.xml", _HERE / "Boot.java", *sorted((_HERE / "plugin").iterdir())]
    site = _cached(
        f"gerrit-{version}-site-java{java.major}",
        made_of,
        lambda folder: _make_site(java, class_path, library, folder),
    )
    return Artifacts(version, java, site, class_path)


def _cached(name: str, made_of: list[Path], make: Callable[[Path], None]) -> Path:
    """The folder of that name in the cache, made by `make` unless it is there.

    It appears all at once by a rename, so that several test runs may make it at the same time.
    """
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    cache = Path(root) / "cibot-tests"
    cache.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in made_of)).hexdigest()[:12]
    final = cache / f"{name}-{digest}"
    if final.exists():
        return final
    fresh = Path(tempfile.mkdtemp(prefix=".making-", dir=cache))
    try:
        make(fresh)
        try:
            fresh.rename(final)
        except OSError:
            if not final.exists():
                raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return final


def _fetch(version: str, target: Path) -> None:
    maven = needs("mvn", package="maven")
    words: list[str | Path] = [maven, "-B", "-q", "-f", _HERE / "pom.xml"]
    words += [f"-Dgerrit.version={version}", "dependency:copy-dependencies"]
    run_tool([*words, f"-DoutputDirectory={target}"], timeout_s=600)


def _compile(java: Java, sources: list[Path], library: Path, target: Path) -> None:
    words: list[str | Path] = [java.tool("javac"), "--release", "17", "-proc:none"]
    run_tool([*words, "-cp", f"{library}/*", "-d", target, *sources])


def _make_site(java: Java, class_path: str, library: Path, site: Path) -> None:
    needs("ssh-keygen", package="openssh-client")  # init makes host keys
    init = java_command(java, class_path, "init")
    options = ("--batch", "--dev", "--no-auto-start", "--skip-plugins", "-d")
    run_tool([*init, *options, site])
    shutil.rmtree(site / "bin")  # a copy of 63 MB of jars
    with tempfile.TemporaryDirectory() as classes:
        _compile(java, sorted((_HERE / "plugin").glob("*.java")), library, Path(classes))
        manifest = _HERE / "plugin" / "MANIFEST.MF"
        jar = [java.tool("jar"), "-c", "-f", site / "plugins" / _PLUGIN, "-m", manifest]
        run_tool([*jar, "-C", classes, "."])
