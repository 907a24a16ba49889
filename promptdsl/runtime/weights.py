"""Weight files: read without running anything they contain, and hashed.

safetensors files are read tensor by tensor; `.pt`, `.pth` and `.bin` files go through PyTorch's
weights-only loader. A TorchScript archive is a program and is refused.
"""

import hashlib
import pickle
import warnings
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from promptdsl.errors import EnvironmentProblem
from promptdsl.files.hashing import hash_file

PICKLE_SUFFIXES = (".pt", ".pth", ".bin")
SUFFIXES = (".safetensors", *PICKLE_SUFFIXES)


@dataclass(frozen=True, slots=True)
class StateSource:
    """Named tensors that are read when asked for. `shapes` is known without reading them."""

    shapes: Mapping[str, tuple[int, ...]]
    read: Callable[[Iterable[str]], dict[str, Tensor]]
    sha256: str


def state_from_tensors(tensors: Mapping[str, Tensor], sha256: str | None = None) -> StateSource:
    """Tensors that are in memory already; hashed by name and content unless the hash is known."""
    named = _plain_names(tensors)
    return StateSource(
        {name: tuple(tensor.shape) for name, tensor in named.items()},
        lambda names: {name: named[name] for name in names},
        sha256 or hash_tensors(named),
    )


def open_weights(path: Path) -> StateSource:
    """The tensors of a weights file. Raises EnvironmentProblem when it is no such file."""
    if not path.is_file():
        raise EnvironmentProblem(f"{path} is not there; it should hold the model's weights")
    if path.suffix not in SUFFIXES:
        raise EnvironmentProblem(
            f"{path} cannot be read as weights; the formats are {', '.join(SUFFIXES)}"
        )
    if path.suffix == ".safetensors":
        return _open_safetensors(path)
    return state_from_tensors(_read_pickle(path), hash_file(path))


def _open_safetensors(path: Path) -> StateSource:
    try:
        with safe_open(path, "pt") as file:
            names = file.keys()
            shapes = {key: tuple(file.get_slice(key).get_shape()) for key in names}
    except (SafetensorError, OSError) as error:
        raise EnvironmentProblem(f"{path} is not a whole safetensors file ({error})") from error
    stored = _stored_names(shapes)

    def read(names: Iterable[str]) -> dict[str, Tensor]:
        with safe_open(path, "pt") as file:
            return {name: file.get_tensor(stored[name]) for name in names}

    return StateSource({name: shapes[key] for name, key in stored.items()}, read, hash_file(path))


def _read_pickle(path: Path) -> dict[str, Tensor]:
    if _is_torchscript(path):
        raise EnvironmentProblem(
            f"{path} is a TorchScript archive, which is a program and not only weights",
            help="save its state_dict() as safetensors on a machine where you trust it; "
            "newer versions of open_clip_torch offer OpenAI's weights as plain weights",
        )
    try:
        mapped = zipfile.is_zipfile(path)  # files of old versions cannot be mapped
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what does not load is told below
            content = torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except (RuntimeError, pickle.UnpicklingError, EOFError, OSError, ValueError) as error:
        reason = str(error).split("\n", 1)[0][:200]
        raise EnvironmentProblem(
            f"{path} does not load as plain weights ({reason})",
            help="save the model's state_dict() as safetensors",
        ) from error
    if isinstance(content, dict) and isinstance(content.get("state_dict"), dict):
        content = content["state_dict"]
    if not isinstance(content, dict):
        raise EnvironmentProblem(f"{path} holds no dictionary of tensors")
    return {str(key): value for key, value in content.items() if isinstance(value, Tensor)}


def _is_torchscript(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.split("/")[1:2] == ["code"] for name in archive.namelist())


def _stored_names(keys: Iterable[str]) -> dict[str, str]:
    """Names as a plain CLIP has them -> names in the file, which may carry wrappers' prefixes."""
    return {key.removeprefix("module.").removeprefix("text."): key for key in keys}


def _plain_names(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensors[key] for name, key in _stored_names(tensors).items()}


def hash_tensors(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 over names, types, shapes and values, in the order of the names."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.detach().contiguous().flatten().view(torch.uint8).cpu().numpy().data)
    return digest.hexdigest()
