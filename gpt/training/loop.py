"""The training loop: steps until the run is over, with evaluations, saves, and a way back when the loss blows up."""

import contextlib
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial

import pipeline
from gpt.checkpoint import Checkpoint
from gpt.training import processes
from gpt.training.batches import IGNORED, TrainingRows
from gpt.training.evaluation import Evaluation, Validation
from gpt.training.loss import NonFiniteLossError
from gpt.training.optimizer import Schedule
from gpt.training.plan import Plan, describe_plan
from gpt.training.run import Run, StopSignals
from gpt.training.run_files import RunFiles
from gpt.training.start import Start
from gpt.training.step import StepResult
from gpt.training.trainer import Trainer
from pipeline import StepError
from pipeline.progress import ProgressBar, progress_bar

TRIES = 2  # steps before the first, to measure the speed; the first is slower than the others
SLOW_TRY = 5.0  # seconds; a step that takes longer is tried only once


@dataclass(frozen=True)
class Intervals:
    """How often a run is evaluated, saved and logged; 0 minutes = never by the clock."""

    eval_steps: int
    eval_minutes: float
    max_rise: float  # bits per byte of the validation loss above its best value, at which the run ends; 0 = never
    save_minutes: float
    log_steps: int


class TrainingLoop:
    """One run from its start, or its last save, to its end or a signal.

    `write_sample` returns a text that the model writes at each evaluation.
    """

    def __init__(
        self,
        trainer: Trainer,
        data: TrainingRows,
        validation: Validation,
        plan: Plan,
        schedule: Schedule,
        intervals: Intervals,
        files: RunFiles,
        write_sample: Callable[[], str],
    ) -> None:
        self.trainer, self.data, self.validation = trainer, data, validation
        self.plan, self.schedule, self.intervals = plan, schedule, intervals
        self.files, self.write_sample = files, write_sample
        self.run = Run()

    # --- Start ---

    def begin(self, start: Start, initialize: Callable[[], None]) -> None:
        """Resume from a checkpoint, or prepare and save a new model, which `initialize` gives its first weights."""
        if start.checkpoint:
            self.load(start.checkpoint)
            self.files.make_good(start.checkpoint)
            print(f"resumed at step {self.run.step:,}")
        else:
            if start.initial:
                self.trainer.model.load_state_dict(start.initial.weights)
                print(f"starting from the weights of {start.initial.path}")
            else:
                initialize()
            self.trainer.average.restart()
            self.files.put_aside()
            # Shows now, not in an hour, whether the disk has room; and gives a run that blows up a save to return to.
            self.save()
            self.files.log.put_aside()
            processes.draw_apart()
        self.run.plan(self.plan.max_steps, self.plan.max_minutes)

    def plan_length(self) -> None:
        """Measure the speed, choose the length of the run where the settings leave it open, and print the plan."""
        if self.plan.has_length() and self.run.progress() >= 1:
            return
        seconds_per_step = self.measure_step()
        self.plan = self.plan.with_length(self.data, seconds_per_step)
        self.run.plan(self.plan.max_steps, self.plan.max_minutes, seconds_per_step)
        print(describe_plan(self.trainer.model.config, self.run, self.data, self.plan.batch_size))

    def measure_step(self) -> float:
        """Seconds of a step, from one or two that change nothing: their rate is zero, and the last save is loaded."""
        inputs, targets = self.data.reader.read(self.data.rows[: self.plan.batch_size])
        seconds = 0.0
        for _ in range(TRIES):
            started = time.monotonic()
            with contextlib.suppress(NonFiniteLossError):  # a real step will report it and return to the last save
                self.trainer.step(inputs, targets, rate_factor=0.0)
            seconds = processes.highest(time.monotonic() - started)
            if seconds > SLOW_TRY:
                break
        self.load(self.files.load())
        return seconds

    # --- Save and load ---

    def save(self) -> None:
        """Write everything that a resumed run and step 05 need.

        Raises NonFiniteLossError, and keeps the last save, where a weight is not finite.
        """
        self.trainer.require_finite_weights()
        self.files.save(
            {
                "config": asdict(self.trainer.model.config),
                **self.trainer.state_dict(),
                "data": self.data.state_dict(),
                "run": self.run.state_dict(),
                "plan": asdict(self.plan),
            }
        )
        self.run.saved()

    def load(self, checkpoint: Checkpoint) -> None:
        """Restore everything to what it was when the checkpoint was saved. Raises StepError if that cannot be done."""
        is_same_data = checkpoint["inputs"].get("train") == self.files.origin.inputs["train"]
        try:
            self.trainer.load_state_dict(checkpoint)
            self.run.load_state_dict(checkpoint["run"])
            if is_same_data:
                self.data.load_state_dict(checkpoint["data"])
        except (LookupError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            if pipeline.is_out_of_memory(error):
                raise
            raise StepError(
                f"{self.files.checkpoint_path}: its state of the training cannot be restored ({error}); "
                "to train its model on, set INIT_FROM to it and another CHECKPOINT_PATH"
            ) from None
        self.files.log.go_back_to(self.run.step)
        if not is_same_data:
            print("The training data has changed since the last save: going on with the first row of the new data.")

    # --- Train ---

    def train(self) -> int:
        """Train to the end of the run, or until a signal asks for a stop; return its number, 0 at the end.

        Raises StepError when the loss is no longer a number and lower rates do not help.
        """
        progress = progress_bar("train", unit="step", initial=self.run.step, disable=not processes.is_first())
        with progress as bar, StopSignals() as stop:
            self.run.start_clock()
            while not stop.asked() and self.run.progress() < 1 and not self.is_worse():
                try:
                    self._step(bar)
                    if self.intervals.save_minutes and self.run.minutes_since_save() >= self.intervals.save_minutes:
                        self.save()
                except NonFiniteLossError:
                    bar.write(self.run.retreat())
                    self.load(self.files.load())
                bar.total = self.run.expected_steps()
                bar.update(self.run.step - bar.n)
            if stop.requested:
                with contextlib.suppress(NonFiniteLossError):  # the save before it is a better one
                    self.save()
        return stop.requested

    def is_worse(self) -> bool:
        """Whether the last evaluation of this start is so far above the best one that training on does harm."""
        # An evaluation of an earlier start does not count: whoever runs step 04 again wants to train on.
        has_evaluated = self.run.evaluated_at > self.run.seconds_before
        return has_evaluated and 0 < self.intervals.max_rise <= self.run.rise()

    def _step(self, bar: ProgressBar) -> None:
        """One step, and the evaluation or the row of the log that is due after it."""
        run = self.run
        rate_factor = self.schedule.factor(run.step, run.progress()) * run.rate_share
        inputs, targets = self.data.next_batch(self.plan.batch_size)
        result = self.trainer.step(inputs, targets, rate_factor)
        run.count_step(int((targets != IGNORED).sum()))
        speed = f"loss {result.loss:.3f}, {run.tokens_per_second():,.0f} tokens/s"
        bar.set_postfix_str(speed, refresh=False)
        if run.is_evaluation_due(self.intervals.eval_steps, self.intervals.eval_minutes) or run.progress() >= 1:
            self._evaluate(bar, result)
            bar.set_postfix_str(speed)
        elif run.step % self.intervals.log_steps == 0:
            self._append_to_log(result)

    def _evaluate(self, bar: ProgressBar, result: StepResult) -> None:
        """Measure the model, save it, and show what it has learned."""
        run = self.run
        with run.evaluating():
            show = partial(show_evaluation, bar, self.validation.token_count)
            evaluation = self.trainer.evaluate(self.validation, show)
        bar.set_postfix_str("saving")
        run.history.append({"step": run.step, "loss": result.loss, "bits_per_byte": evaluation.loss.bits_per_byte})
        # Before the save: a run that is killed between them makes this step, and its row, again.
        self._append_to_log(result, evaluation)
        self.save()
        if run.is_best():
            self.files.keep_as_best()
        self.files.draw_chart()
        bar.write(f"step {run.step:,}: loss {result.loss:.3f}, {describe_evaluation(evaluation)}, saved")
        bar.set_postfix_str("writing a sample answer")
        bar.write(self.write_sample())

    def _append_to_log(self, result: StepResult, evaluation: Evaluation | None = None) -> None:
        rate = self.trainer.optimizer.matrix_rate()
        self.files.log.append(self.run, result.loss, result.gradient_norm, rate, evaluation)


def describe_evaluation(evaluation: Evaluation) -> str:
    """The validation loss, and that of the answers to a document, which tells whether the model copies from it."""
    text = f"validation {evaluation.loss.bits_per_byte:.4f} bits per byte"
    grounded = evaluation.by_kind["grounded"]
    return f"{text}, grounded answers {grounded.bits_per_byte:.4f}" if grounded.text_bytes else text


def show_evaluation(bar: ProgressBar, validation_tokens: int, measured: int) -> None:
    """Show in the bar how much of the validation set has been measured, in tokens of this process."""
    share = min(1.0, measured * processes.process_count() / validation_tokens)
    bar.set_postfix_str(f"{share:.0%} of the evaluation")
