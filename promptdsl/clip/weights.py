"""Weight files: read without running anything they contain, checked, and hashed.

safetensors files are read tensor by tensor; `.pt`, `.pth` and `.bin` files go through PyTorch's
weights-only loader. A TorchScript archive is a program and is refused. What is read is what was
promised: plain floating-point numbers, all of them finite, no more of them than the file has bytes.
"""

import hashlib
import math
import warnings
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor

from promptdsl.clip.weight_layouts import cook, recipes, shape_of
from promptdsl.errors import EnvironmentProblem
from promptdsl.files.hashing import hash_file
from promptdsl.files.opening import open_regular, reason

PICKLE_SUFFIXES = (".pt", ".pth", ".bin")
SUFFIXES = (".safetensors", *PICKLE_SUFFIXES)
NUMBER_TYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
Read = Callable[[Iterable[str]], dict[str, Tensor]]


@dataclass(frozen=True, slots=True)
class StateSource:
    """Named tensors that are read when asked for. `shapes` is known without reading them."""

    shapes: Mapping[str, tuple[int, ...]]
    read: Read
    sha256: str


def state_from_tensors(
    tensors: Mapping[str, Tensor], sha256: str | None = None, source: str = "the model"
) -> StateSource:
    """Tensors that are in memory already; hashed by name and content unless the hash is known."""
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    digest = sha256 or hash_tensors(tensors)
    return _state(shapes, lambda names: {name: tensors[name] for name in names}, digest, source)


def open_weights(path: Path) -> StateSource:
    """The tensors of a weights file. Raises EnvironmentProblem when it is no such file."""
    if path.suffix not in SUFFIXES:
        refuse_unreadable(path, "the model's weights")
        raise EnvironmentProblem(
            f"{path} cannot be read as weights; the formats are {', '.join(SUFFIXES)}"
        )
    refuse_unreadable(path, "the model's weights")
    if path.suffix == ".safetensors":
        return _open_safetensors(path)
    before = _stamp(path)
    tensors, sha256 = _read_state(path), hash_of(path)
    _refuse_changed(path, before)
    return state_from_tensors(tensors, sha256, str(path))


def refuse_unreadable(path: Path, holds: str) -> None:
    """EnvironmentProblem for a file that is not there, no regular file, or not for this user."""
    try:
        open_regular(path).close()
    except FileNotFoundError:
        raise EnvironmentProblem(f"{path} is not there; it should hold {holds}") from None
    except (OSError, ValueError) as error:
        raise EnvironmentProblem(f"{path} cannot be read: {reason(error)}") from None


def hash_of(path: Path) -> str:
    """SHA-256 of a weights file. EnvironmentProblem where it cannot be read."""
    try:
        return hash_file(path)
    except OSError as error:
        raise EnvironmentProblem(f"{path} cannot be read: {reason(error)}") from None


def _state(
    shapes: Mapping[str, tuple[int, ...]], read: Read, sha256: str, source: str
) -> StateSource:
    """A source under our own names, whatever the layout of the file; checked when it is read."""
    stored = _stored_names(shapes, source)
    plain = {name: shapes[key] for name, key in stored.items()}
    recipe_of = recipes(plain, source)
    known = {name: shape_of(recipe, plain) for name, recipe in recipe_of.items()}

    def read_stored(names: Iterable[str]) -> dict[str, Tensor]:
        wanted = {name: stored[name] for name in names}
        found = read(wanted.values())
        for name, key in wanted.items():
            check_numbers(found[key], name, source, plain[name])
        return {name: found[key] for name, key in wanted.items()}

    return StateSource(known, lambda names: cook(recipe_of, names, read_stored), sha256)


def check_numbers(
    tensor: Tensor, name: str, source: str, shape: tuple[int, ...] | None = None
) -> None:
    """EnvironmentProblem unless the tensor holds finite floating-point numbers, each stored."""
    what = None
    if tensor.dtype not in NUMBER_TYPES or tensor.layout != torch.strided or tensor.is_quantized:
        what = f"is of the type {str(tensor.dtype).removeprefix('torch.')}, and no plain numbers"
    elif shape is not None and tuple(tensor.shape) != shape:
        what = "has another shape than before"
    elif tensor.is_meta or not _is_stored(tensor):
        what = "claims more numbers than are stored"
    elif not _is_finite(tensor):
        what = "holds values that are no numbers"
    if what is not None:
        raise EnvironmentProblem(f"{source} is damaged: {name[:100]} {what}")


def _is_finite(tensor: Tensor) -> bool:
    return not tensor.numel() or all(
        math.isfinite(float(most)) for most in torch.aminmax(tensor.detach())
    )


def _is_stored(tensor: Tensor) -> bool:
    return tensor.untyped_storage().nbytes() >= tensor.numel() * tensor.element_size()


def _open_safetensors(path: Path) -> StateSource:
    before = _stamp(path)
    shapes, sha256 = read_safetensors_shapes(path), hash_of(path)

    def read(names: Iterable[str]) -> dict[str, Tensor]:
        tensors = read_safetensors(path, names)
        _refuse_changed(path, before)  # the hash that results are known by is that of before
        return tensors

    return _state(shapes, read, sha256, str(path))


def _stamp(path: Path) -> tuple[int, ...]:
    """Differs after any change of a file. EnvironmentProblem where it is gone."""
    try:
        status = path.stat()
    except OSError as error:
        raise EnvironmentProblem(f"{path} cannot be read: {reason(error)}") from None
    times = (status.st_mtime_ns, status.st_ctime_ns)
    return (status.st_size, *times, status.st_ino, status.st_dev)


def _refuse_changed(path: Path, before: tuple[int, ...]) -> None:
    if _stamp(path) != before:
        raise EnvironmentProblem(f"{path} was changed while it was read", "run the command again")


def read_safetensors_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Names and shapes out of the header. Raises EnvironmentProblem."""
    try:
        with safe_open(path, "pt") as file:
            names = file.keys()
            return {key: tuple(file.get_slice(key).get_shape()) for key in names}
    except Exception as error:  # the bindings raise many kinds for a damaged header
        raise _not_whole(path, error) from error


def read_safetensors(path: Path, names: Iterable[str]) -> dict[str, Tensor]:
    """Some tensors of the file. Raises EnvironmentProblem."""
    try:
        with safe_open(path, "pt") as file:
            return {name: file.get_tensor(name) for name in names}
    except Exception as error:  # changed since the header was read, or of a type unknown here
        raise _not_whole(path, error) from error


def _not_whole(path: Path, error: Exception) -> EnvironmentProblem:
    return EnvironmentProblem(f"{path} is not a whole safetensors file ({_short(error)})")


def load_plain(path: Path) -> object:
    """What a file of torch.save holds, as far as it is plain tensors. Raises EnvironmentProblem."""
    refuse_unreadable(path, "weights")
    archive = _torch_archive(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what does not load is told below
            # Mapped, a tensor that claims more than the file has is an error and no stray read;
            # files of old versions cannot be mapped, and are read through bounded calls.
            return torch.load(path, map_location="cpu", weights_only=True, mmap=archive)
    except Exception as error:  # a damaged pickle can raise anything
        # PyTorch's own words advise to load it all the same, which would run code out of the file.
        told = _short(error)
        raise EnvironmentProblem(
            f"{path} does not load as plain weights: it is damaged, no checkpoint, or holds more "
            f"than tensors{f' ({told})' if 'weights_only' not in told else ''}",
            help="only plain tensors are read; anything else could run code on this machine. "
            "Save the model's state_dict(), best as safetensors",
        ) from error


def _torch_archive(path: Path) -> bool:
    """Whether it is a zip archive as PyTorch writes them. EnvironmentProblem for other ones."""
    try:
        if not zipfile.is_zipfile(path):
            return False
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except Exception as error:  # a damaged directory can raise anything
        raise EnvironmentProblem(f"{path} is a damaged archive ({_short(error)})") from error
    if any(member.filename.split("/")[1:2] == ["code"] for member in members):
        raise EnvironmentProblem(
            f"{path} is a TorchScript archive, which is a program and not only weights",
            help="save its state_dict() as safetensors on a machine where you trust it; "
            "newer versions of open_clip_torch offer OpenAI's weights as plain weights",
        )
    if any(member.compress_type != zipfile.ZIP_STORED for member in members):
        raise EnvironmentProblem(f"{path} is an archive that PyTorch did not write: compressed")
    return True


def _read_state(path: Path) -> dict[str, Tensor]:
    content = load_plain(path)
    if isinstance(content, dict) and isinstance(content.get("state_dict"), dict):
        content = content["state_dict"]
    if not isinstance(content, dict):
        raise EnvironmentProblem(f"{path} holds no dictionary of tensors")
    tensors = {str(k): value.detach() for k, value in content.items() if isinstance(value, Tensor)}
    claimed = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    size = path.stat().st_size
    if claimed > 2 * size:  # a tensor may be stored once and named twice
        raise EnvironmentProblem(
            f"{path} is damaged: its tensors claim {claimed:,} bytes, and the file has {size:,}"
        )
    return tensors


def _short(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:160]


def _stored_names(keys: Iterable[str], source: str) -> dict[str, str]:
    """Names as a plain CLIP has them -> names in the file, which may carry wrappers' prefixes."""
    stored: dict[str, str] = {}
    for key in keys:
        name = key.removeprefix("module.").removeprefix("text.")
        if name in stored:
            raise EnvironmentProblem(
                f"{source} holds {name[:100]} twice, as {stored[name][:100]} and as {key[:100]}"
            )
        stored[name] = key
    return stored


def hash_tensors(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 over names, types, shapes and values, in the order of the names."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.detach().contiguous().flatten().view(torch.uint8).cpu().numpy().data)
    return digest.hexdigest()
