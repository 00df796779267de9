"""Errors of the training job.

TrainingError
├── SettingsError          the container's arguments or environment are unusable
├── HyperparameterError    a hyperparameter's name or value
├── ChannelError           an input channel is missing, empty, unreadable or does not fit the specification
└── ArchiveError           the tuned model's archive is unusable
"""


class TrainingError(Exception):
    """Any error the training job raises on purpose; its text is the job's failure reason."""


class SettingsError(TrainingError):
    """The container's arguments or environment are unusable."""


class HyperparameterError(TrainingError):
    """A hyperparameter is unknown or out of range."""


class ChannelError(TrainingError):
    """An input channel is missing, empty, unreadable, or does not fit the feature specification."""


class ArchiveError(TrainingError):
    """The archive of the tuned model cannot be used."""
