"""What the models of a catalogue file share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,47}$")]
Line = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Scalar = bool | int | float | str
# The name of a secret, never its value; it may be that of a variable.
SecretName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]


class Strict(BaseModel):
    """An unknown key or a wrong type is an error."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
