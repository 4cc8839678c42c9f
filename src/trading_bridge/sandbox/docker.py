"""A stand-in for Docker Engine as Hummingbot API sees it: containers, images, its error texts."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Final

SOCKET: Final = "http+docker://localhost/v1.43"
DEFAULT_IMAGE: Final = "hummingbot/hummingbot:latest"
_PUBLISHED: Final = re.compile(r"^hummingbot/hummingbot:(latest|development|version-2\.\d+\.\d+)$")
_NAME: Final = re.compile(r"^[a-zA-Z0-9][a-zA-Z0-9_.-]+$")


class DockerError(Exception):
    """What docker-py raises and the API turns into a string; `str()` is that text."""


class DockerUnreachable(Exception):
    """The engine doesn't answer; not a DockerError, so the API answers 500 (measured: observed.md section 3)."""

    def __init__(self) -> None:
        super().__init__("('Connection aborted.', FileNotFoundError(2, 'No such file or directory'))")


@dataclass
class Container:
    """`status` is running or exited; `exit_code` None while it runs."""

    id: str
    name: str
    image: str
    status: str = "running"
    exit_code: int | None = None

    def row(self) -> dict[str, Any]:
        """As /docker/active-containers lists it."""
        return {"id": self.id, "name": self.name, "status": self.status, "image": self.image}


class Docker:
    """Containers by name. `on_start` and `on_exit` tell whoever simulates what runs inside.

    `down` and `slow` are faults.
    """

    def __init__(self) -> None:
        self.down = False
        self.slow = False
        self.images = [DEFAULT_IMAGE]
        self.on_start: Callable[[Container], None] = lambda _: None
        self.on_exit: Callable[[Container], None] = lambda _: None
        self._containers: dict[str, Container] = {}

    def check(self) -> None:
        """DockerUnreachable when the engine is down."""
        if self.down:
            raise DockerUnreachable

    def find(self, name: str) -> Container | None:
        """The container, running or not."""
        return self._containers.get(name)

    def get(self, name: str) -> Container:
        """The container: DockerError 404 when there is none."""
        self.check()
        container = self._containers.get(name)
        if container is None:
            raise DockerError(
                f'404 Client Error for {SOCKET}/containers/{name}/json: Not Found ("No such container: {name}")'
            )
        return container

    def listed(self, status: str, name_filter: str | None = None) -> list[Container]:
        """Containers of a status, newest first; the filter is a substring, case ignored."""
        self.check()
        wanted = (name_filter or "").lower()
        found = [c for c in self._containers.values() if c.status == status and wanted in c.name.lower()]
        found.reverse()
        return found

    def run(self, name: str, image: str) -> Container:
        """Create and start: DockerError when the name is bad or taken, or the image can't be pulled."""
        self.check()
        if not _NAME.fullmatch(name):
            raise DockerError(
                f"400 Client Error for {SOCKET}/containers/create?name={name}: Bad Request "
                f'("Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed")'
            )
        self.pull(image)
        taken = self._containers.get(name)
        if taken is not None:
            raise DockerError(
                f"409 Client Error for {SOCKET}/containers/create?name={name}: Conflict "
                f'("Conflict. The container name "/{name}" is already in use by container "{taken.id}". '
                f'You have to remove (or rename) that container to be able to reuse that name.")'
            )
        digest = hashlib.sha256(f"{name}:{len(self._containers)}".encode()).hexdigest()
        container = Container(digest, name, image)
        self._containers[name] = container
        self.on_start(container)
        return container

    def pull(self, image: str) -> None:
        """Make an image local: DockerError when no registry has it."""
        self.check()
        if image in self.images:
            return
        if not _PUBLISHED.fullmatch(image):
            repository, _, tag = image.partition(":")
            raise DockerError(
                f"404 Client Error for {SOCKET}/images/create?tag={tag or 'latest'}"
                f"&fromImage={repository.replace('/', '%2F')}: Not Found "
                f'("pull access denied for {repository}, repository does not exist or may require '
                f"'docker login'\")"
            )
        self.images.append(image)

    def start(self, name: str) -> None:
        """Start an exited container; nothing happens to a running one."""
        container = self.get(name)
        if container.status != "running":
            container.status, container.exit_code = "running", None
            self.on_start(container)

    def exited(self, name: str, exit_code: int) -> None:
        """The process inside ended, by itself or by a signal."""
        container = self._containers.get(name)
        if container is not None and container.status == "running":
            container.status, container.exit_code = "exited", exit_code
            self.on_exit(container)

    def remove(self, name: str) -> None:
        """Remove, killing it when it runs: DockerError 404 when there is none."""
        self.get(name)
        self.exited(name, 137)
        del self._containers[name]

    def prune(self) -> None:
        """Remove every exited container."""
        self.check()
        self._containers = {n: c for n, c in self._containers.items() if c.status != "exited"}

    def snapshot(self) -> dict[str, Any]:
        """JSON-able copy."""
        return {"images": list(self.images), "containers": [asdict(c) for c in self._containers.values()]}

    def restore(self, data: dict[str, Any]) -> None:
        """Replace everything by what `snapshot` gave; nothing is started."""
        self.images = list(data["images"])
        self._containers = {row["name"]: Container(**row) for row in data["containers"]}
