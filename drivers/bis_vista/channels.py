"""What the trend block's fields mean (after xeonfusion/VSCaptureBISV). Data only.

BIS is published as the raw index that the monitor computes. It can stay high or rise under ketamine although the
patient is sedated, so nothing here gives it another name or meaning.
"""

from typing import Final, NamedTuple

from drivers.vocabulary import Metric

# The public program's limit for special invalid values, in the steps that are sent.
INVALID_UP_TO: Final = -3_277
FULL_QUALITY: Final = 1_000  # SQI in 0.1 %


class Channel(NamedTuple):
    """One field of a trend block; a number below 0 or above `most` can't be."""

    field: str
    name: str
    metric: Metric
    unit: str | None  # None: the metric's only unit
    divisor: int
    most: int


SQI: Final = Channel("sqi", "SQI", Metric.BIS_SIGNAL_QUALITY, None, 10, FULL_QUALITY)
CHANNELS: Final = (
    Channel("bis", "BIS", Metric.BISPECTRAL_INDEX, None, 10, 1_000),
    SQI,
    Channel("suppression_ratio", "SR", Metric.EEG_SUPPRESSION_RATIO, None, 10, 1_000),
    Channel("sef95", "SEF95", Metric.EEG_SPECTRAL_EDGE, None, 100, 3_000),
    Channel("emg", "EMG", Metric.UNMAPPED, "dB", 100, 10_000),
    Channel("total_power", "total power", Metric.UNMAPPED, "dB", 100, 10_000),
)
SOURCES: Final = ("channel 1", "channel 2", "combined")  # the public program shows the first, and once showed the third

EEG: Final = Metric.UNMAPPED  # the vocabulary has no word for it; neither is the size of a step known
