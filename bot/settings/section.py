"""What every section of vigie.toml is: strict, frozen, and described below each setting."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

# No empty path, none that a file system would refuse to look at.
PathText = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=1000)]


class Section(BaseModel):
    """The text below each setting is its description: the commented vigie.toml of `vigie init` shows it."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
    )
