"""Several processes that train one model, each with its share of every batch; torchrun starts them.

All go through the same steps on the same data. What could differ between them (sums, clocks, signals, files)
is agreed on here. A process alone does all the work, and these functions give back what they are given.
"""

import contextlib
import functools
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import TypeVar

from pipeline import StepError

import torch
import torch.distributed as dist
from torch.distributed.rendezvous import rendezvous
from torch.nn.parallel import DistributedDataParallel

# All wait while the first saves and writes its sample answer, and while one tries again with fewer rows. A process
# that has ended is noticed at once; this is for one that hangs.
PATIENCE = timedelta(hours=1)

Value = TypeVar("Value")


# --- Start and end ---


def in_every_process(main: Callable[[Sequence[str]], None]) -> Callable[[Sequence[str]], None]:
    """`main` as one of the processes that torchrun starts: only the first prints, only one tells of an error."""

    def run(arguments: Sequence[str]) -> None:
        if int(os.environ.get("WORLD_SIZE", 1)) == 1:
            main(arguments)
            return
        try:
            with _joined(), open(os.devnull, "w", encoding="utf-8") as nowhere, contextlib.ExitStack() as silence:
                if not is_first():
                    silence.enter_context(contextlib.redirect_stdout(nowhere))
                main(arguments)
        except SystemExit as end:
            _leave(end.code or 0)
        _leave(0)

    return run


def _leave(code: int) -> None:
    """End this process at once: all is written, and to take the connections apart can wait for another without end.

    Seen once in some hundred runs, when both sides let go of them in the same moment.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


@contextlib.contextmanager
def _joined() -> Iterator[None]:
    if sys.platform == "darwin" and os.environ.get("LOCAL_WORLD_SIZE") == os.environ["WORLD_SIZE"]:
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo0")  # the name of a Mac often leads nowhere
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() and dist.is_nccl_available() else "gloo"
    store, rank, count = next(rendezvous("env://"))  # torchrun has put all of it into the environment
    dist.init_process_group(backend, store=store, rank=rank, world_size=count, timeout=PATIENCE)
    try:
        yield
    except SystemExit:  # asked to stop: all of them, after the same step
        dist.destroy_process_group()
        raise
    except BaseException as error:
        # An error ends all processes: they meet it too, or lose this one. Whoever comes here first tells it.
        # The group is left as it is: taking leave of processes that still wait for this one could take forever.
        if not _comes_first(store):
            sys.exit(2)
        if _is_loss_of_another(error):
            raise StepError(
                "another process of this run has ended; the last save is intact: start them all again to go on"
            ) from None
        raise
    dist.destroy_process_group()


def _comes_first(store: dist.Store) -> bool:
    try:
        return store.add("failed", 1) == 1
    except RuntimeError:  # the process that kept the store is gone
        return False


def _is_loss_of_another(error: BaseException) -> bool:
    return isinstance(error, dist.DistError) or (isinstance(error, RuntimeError) and "gloo" in str(error).lower())


def own_device(device: torch.device) -> torch.device:
    """The device of this process: of several, each has a GPU to itself, or all are on the CPU.

    Raises StepError where there are more processes than GPUs.
    """
    if not _are_several():
        return device
    if device.type == "mps":
        print("Apple's GPU serves one process: these train on the CPU")
        return torch.device("cpu")
    if device.type == "cuda":
        local, gpus = int(os.environ["LOCAL_RANK"]), torch.cuda.device_count()
        if local >= gpus:
            raise StepError(f"more processes than the {gpus} GPU(s) here; start with torchrun --nproc_per_node={gpus}")
        torch.cuda.set_device(local)
        return torch.device("cuda", local)
    return device


# --- Who does what ---


def _are_several() -> bool:
    return dist.is_available() and dist.is_initialized()


def process_count() -> int:
    return dist.get_world_size() if _are_several() else 1


def is_first() -> bool:
    """Whether this is the process that prints and writes the files."""
    return not _are_several() or dist.get_rank() == 0


def in_first_process(function: Callable[..., None]) -> Callable[..., None]:
    """Let a function that returns nothing do nothing in the other processes."""

    @functools.wraps(function)
    def called(*arguments) -> None:
        if is_first():
            function(*arguments)

    return called


def share(rows: Sequence) -> Sequence:
    """The rows that are this process's part; every row is some process's."""
    return rows[dist.get_rank() :: dist.get_world_size()] if _are_several() else rows


def draw_apart() -> None:
    """Random numbers of its own for each process, so that their dropouts differ; the first keeps those of the save."""
    if not is_first():
        torch.manual_seed(int(torch.randint(2**31, ())) + dist.get_rank())


# --- What they agree on ---


def total(number: float) -> float:
    """The sum over all processes."""
    return _agree(number, dist.ReduceOp.SUM) if _are_several() else number


def highest(number: float) -> float:
    """The highest of all processes: of their clocks, or of the signals that reached them."""
    return _agree(number, dist.ReduceOp.MAX) if _are_several() else number


def _agree(number: float, operation) -> float:
    agreed = torch.tensor(number, dtype=torch.float64)  # on the CPU: gloo carries it without a word to the GPU
    dist.all_reduce(agreed, operation)
    return agreed.item()


def from_first(make: Callable[[], Value]) -> Value:
    """What `make()` gives in the first process, which has the files."""
    made = [make() if is_first() else None]
    if _are_several():
        dist.broadcast_object_list(made)
    return made[0]


def from_all(found: list[Value]) -> list[Value]:
    """The lists of all processes, joined."""
    if not _are_several():
        return found
    lists = [None] * dist.get_world_size()
    dist.all_gather_object(lists, found)
    return [item for part in lists for item in part]


def same_everywhere(value: Value, what: str) -> Value:
    """The value, when all processes have the same. Raises StepError, with `what` it is, when one has another."""
    if from_first(lambda: value) != value:
        raise StepError(f"{what} are not the same in all processes: start each with the same flags on the same files")
    return value


class GradientSum:
    """Gradients added up over all processes, by torch's DistributedDataParallel (Li et al., 2020).

    It would send gradients while the backward pass goes on, and memory may run out in that pass: this process
    would start anew and send again what the others have already added. So every process first gathers the
    gradients of its share by itself (`no_sync`), in as many attempts as it needs; then all send them, with the
    backward pass of one token that counts nothing.
    """

    def __init__(self, model: torch.nn.Module):
        self.model = DistributedDataParallel(model) if _are_several() else model

    def add_up(self, gather: Callable[[], float]) -> float:
        """`gather()` leaves this process's gradients and returns its part of the loss; make both those of all."""
        if not _are_several():
            return gather()
        with self.model.no_sync():
            loss = gather()
        parameters = list(self.model.parameters())
        token = torch.zeros(1, 1, dtype=torch.int64, device=parameters[0].device)
        (0 * self.model(token).sum()).backward()
        for parameter in parameters:
            parameter.grad *= dist.get_world_size()  # DistributedDataParallel takes the mean
        return total(loss)
