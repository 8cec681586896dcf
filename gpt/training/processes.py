"""Several processes that train one model, each with its share of every batch; torchrun starts them.

All go through the same steps on the same data. Here they agree on what could differ between them: sums, clocks,
signals, files. In a single process these functions return what they are given.
"""

import contextlib
import functools
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any, NoReturn, ParamSpec, TypeVar

from pipeline import StepError

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.rendezvous import rendezvous
from torch.nn.parallel import DistributedDataParallel

# All wait while the first process saves and writes its sample answer, and while one tries again with fewer rows. A
# process that has ended is noticed at once; this is for one that hangs.
PATIENCE = timedelta(hours=1)

Value = TypeVar("Value")
Rows = TypeVar("Rows", list[Any], Tensor)
Parameters = ParamSpec("Parameters")


# --- Start and end ---


def in_every_process(main: Callable[[Sequence[str]], None]) -> Callable[[Sequence[str]], None]:
    """`main` as one of the processes that torchrun starts: only the first prints, and only one reports an error."""

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
            _leave(end.code if isinstance(end.code, int) else 0 if end.code is None else 1)
        _leave(0)

    return run


def _leave(code: int) -> NoReturn:
    """End this process at once: everything is written, and closing the connections can wait for another forever.

    That happened once in some hundred runs, when both sides closed them at the same moment.
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
        # An error ends all processes: they meet it too, or lose this one. The first to come here reports it.
        # The group stays open: closing it while other processes still wait for this one could take forever.
        if not _comes_first(store):
            sys.exit(2)
        if _is_loss_of_another(error):
            raise StepError(
                "another process of this run has ended; the last save is intact: start them all again to go on"
            ) from None
        raise
    dist.destroy_process_group()


def _comes_first(store: Any) -> bool:
    try:
        return int(store.add("failed", 1)) == 1
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
    """How many processes train this model."""
    return dist.get_world_size() if _are_several() else 1


def is_first() -> bool:
    """Whether this is the process that prints and writes the files."""
    return not _are_several() or dist.get_rank() == 0


def in_first_process(function: Callable[Parameters, None]) -> Callable[Parameters, None]:
    """Let a function that returns nothing do nothing in the other processes."""

    @functools.wraps(function)
    def in_first(*arguments: Parameters.args, **named: Parameters.kwargs) -> None:
        if is_first():
            function(*arguments, **named)

    return in_first


def share(rows: Rows) -> Rows:
    """This process's share of the rows; each row is in the share of exactly one process."""
    return rows[dist.get_rank() :: dist.get_world_size()] if _are_several() else rows


def draw_apart() -> None:
    """Give each process random numbers of its own, so that their dropouts differ; the first keeps those of the save."""
    if not is_first():
        torch.manual_seed(int(torch.randint(2**31, ())) + dist.get_rank())


# --- What they agree on ---


def total(number: float) -> float:
    """The sum over all processes."""
    return _agree(number, dist.ReduceOp.SUM) if _are_several() else number


def highest(number: float) -> float:
    """The highest of all processes: of their clocks, or of the signals that reached them."""
    return _agree(number, dist.ReduceOp.MAX) if _are_several() else number


def _agree(number: float, operation: Any) -> float:
    agreed = torch.tensor(number, dtype=torch.float64)  # on the CPU: gloo sends it without a copy to the GPU
    dist.all_reduce(agreed, operation)
    return float(agreed.item())


def from_first(make: Callable[[], Value]) -> Value:
    """The result of `make()` in the first process, which has the files."""
    made: list[Any] = [make() if is_first() else None]
    if _are_several():
        dist.broadcast_object_list(made)
    value: Value = made[0]
    return value


def from_all(found: list[Value]) -> list[Value]:
    """The lists of all processes, joined."""
    if not _are_several():
        return found
    lists: list[Any] = [None] * dist.get_world_size()
    dist.all_gather_object(lists, found)
    return [item for each in lists for item in each]


def same_everywhere(value: Value, what: str) -> Value:
    """The value, if all processes have the same; else raises StepError, which says `what` differs."""
    if from_first(lambda: value) != value:
        raise StepError(f"{what} are not the same in all processes: start each with the same flags on the same files")
    return value


def sum_gradients(model: nn.Module, compute: Callable[[Tensor, Tensor], float]) -> Callable[[Tensor, Tensor], float]:
    """`compute`, which leaves gradients in the model and returns a loss, with both summed over all processes.

    The sum is that of torch's DistributedDataParallel (Li et al., 2020), which would send gradients during the
    backward pass. But memory may run out in that pass: this process would start again and send what the others have
    already added. So every process first gathers the gradients of its share by itself (`no_sync`), in as many
    attempts as it needs; then all send them, in the backward pass of one token that adds nothing.
    """
    if not _are_several():
        return compute
    parallel = DistributedDataParallel(model)

    def compute_and_sum(inputs: Tensor, targets: Tensor) -> float:
        with parallel.no_sync():
            loss = compute(inputs, targets)
        parameters = list(model.parameters())
        token = torch.zeros(1, 1, dtype=torch.int64, device=parameters[0].device)
        (0 * parallel(token).sum()).backward()
        for parameter in parameters:
            if parameter.grad is not None:
                parameter.grad *= dist.get_world_size()  # DistributedDataParallel takes the mean
        return total(loss)

    return compute_and_sum


def add_gradients(model: nn.Module) -> None:
    """Replace the gradients of each process by their sum over all processes."""
    if not _are_several():
        return
    for parameter in model.parameters():
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
        dist.all_reduce(parameter.grad)
