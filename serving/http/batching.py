"""Micro-batching: requests that wait while the model is busy are answered by its next call, together.

Nothing waits for company: a request that finds the model idle is computed at once. So single requests are not delayed,
and under load the batches grow by themselves.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from tfrs_lab.serving.http.errors import ApiError
from tfrs_lab.serving.http.signature import Signature

_MOST_VALUES = 2**18
"""So many values of one input may share a call, padding included: an endless history would pad all others."""
Arrays = Mapping[str, np.ndarray]
Run = Callable[[str, Arrays], dict[str, np.ndarray]]


@dataclass
class Job:
    """One request: its inputs, how many rows they have and how long the longest is, and where its outputs go."""

    signature: Signature
    inputs: Arrays
    rows: int
    outputs: asyncio.Future[Arrays]
    key: Hashable = field(init=False)
    width: int = field(init=False)

    def __post_init__(self) -> None:
        self.key = _key(self.signature, self.inputs)
        self.width = max((array.shape[1] for array in self.inputs.values() if array.ndim > 1), default=0)


class Batcher:
    """Gathers the requests to one version of a model; lives in one event loop."""

    def __init__(
        self,
        run: Run,
        *,
        max_rows: int,
        max_waiting: int,
        observe: Callable[[str, int], None] = lambda signature, rows: None,
    ):
        """Starts with no request.

        Args:
            run: Signature name and inputs → outputs; runs in a thread of its own, one call at a time.
            max_rows: Most rows of one call.
            max_waiting: So many requests may wait.
            observe: Is told of each call's signature and rows.
        """
        self._run = run
        self._max_rows = max_rows
        self._max_waiting = max_waiting
        self._observe = observe
        self._waiting: deque[Job] = deque()
        self._busy = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="model")

    async def submit(self, signature: Signature, inputs: Arrays, rows: int) -> Arrays:
        """Computes one request.

        Args:
            signature: Which one is called.
            inputs: Input name → array, checked.
            rows: Size of the first dimension.

        Returns:
            Output name → array.

        Raises:
            ApiError: Too many requests wait, or the model refuses the inputs.
        """
        if len(self._waiting) >= self._max_waiting:
            raise ApiError("RESOURCE_EXHAUSTED", f"{self._max_waiting} requests are waiting already; try again later")
        loop = asyncio.get_running_loop()
        job = Job(signature, inputs, rows, loop.create_future())
        self._waiting.append(job)
        if not self._busy:
            self._busy = True
            loop.call_soon(self._start)  # soon, not now: requests that arrived together go together
        return await job.outputs

    def close(self) -> None:
        """Ends the thread; nothing may be waiting."""
        self._thread.shutdown(wait=False)

    def _start(self) -> None:
        jobs = self._take()
        call = asyncio.get_running_loop().run_in_executor(self._thread, self._compute, jobs)
        call.add_done_callback(lambda done: self._finish(jobs, done.result()))

    def _take(self) -> list[Job]:
        """The longest waiting request and those that can share its call."""
        first = self._waiting.popleft()
        jobs, rows, width, others = [first], first.rows, first.width, []
        while self._waiting and rows < self._max_rows:
            job = self._waiting.popleft()
            together, widest = rows + job.rows, max(width, job.width)
            if job.key == first.key and together <= self._max_rows and together * widest <= _MOST_VALUES:
                jobs.append(job)
                rows, width = together, widest
            else:
                others.append(job)
        self._waiting.extendleft(reversed(others))
        return jobs

    def _compute(self, jobs: Sequence[Job]) -> list[Arrays | Exception]:
        """Outputs of each request; if a shared call fails, each is tried alone, so that only the culprit fails."""
        signature = jobs[0].signature
        self._observe(signature.name, sum(job.rows for job in jobs))
        try:
            outputs = self._run(signature.name, merge([job.inputs for job in jobs], signature))
            return split(outputs, [job.rows for job in jobs])
        except Exception as error:
            if len(jobs) == 1:
                return [error]
        return [result for job in jobs for result in self._compute([job])]

    def _finish(self, jobs: Sequence[Job], results: Sequence[Arrays | Exception]) -> None:
        for job, result in zip(jobs, results, strict=True):
            if job.outputs.done():  # its client is gone
                continue
            if isinstance(result, Exception):
                job.outputs.set_exception(result)
            else:
                job.outputs.set_result(result)
        if self._waiting:
            self._start()
        else:
            self._busy = False


def merge(inputs: Sequence[Arrays], signature: Signature) -> Arrays:
    """Joins requests along the first dimension; shorter rows are padded on the right with "" or 0.

    Args:
        inputs: For each request, name → array; scalars are equal.
        signature: Which inputs are scalars.
    """
    if len(inputs) == 1:
        return inputs[0]
    merged = {}
    for name, tensor in signature.inputs.items():
        arrays = [request[name] for request in inputs]
        merged[name] = arrays[0] if tensor.is_scalar else np.concatenate(_padded(arrays))
    return merged


def split(outputs: Arrays, rows: Sequence[int]) -> list[Arrays | Exception]:
    """Cuts outputs along the first dimension, so many rows for each request.

    Args:
        outputs: Output name → array; one without a row for each input row goes to every request.
        rows: Rows of each request.
    """
    if len(rows) == 1:
        return [outputs]
    ends = np.cumsum(rows).tolist()
    parts: list[Arrays | Exception] = []
    for start, end in zip([0, *ends[:-1]], ends, strict=True):
        parts.append(
            {
                name: array[start:end] if array.ndim and len(array) == ends[-1] else array
                for name, array in outputs.items()
            }
        )
    return parts


def _padded(arrays: list[np.ndarray]) -> list[np.ndarray]:
    if len({array.shape[1:] for array in arrays}) == 1:
        return arrays
    width = max(array.shape[1] for array in arrays)
    filling = b"" if arrays[0].dtype == object else 0
    return [
        np.pad(array, ((0, 0), (0, width - array.shape[1])), constant_values=filling)
        if array.shape[1] < width
        else array
        for array in arrays
    ]


def _key(signature: Signature, inputs: Arrays) -> Hashable:
    """Requests with the same key can share a call and get what they would have got alone."""
    scalars = tuple(inputs[name].tobytes() for name, tensor in signature.inputs.items() if tensor.is_scalar)
    shapes = tuple(
        None if signature.width_is_free and array.ndim == 2 else array.shape[1:]
        for name, array in sorted(inputs.items())
    )
    return signature.name, scalars, shapes
