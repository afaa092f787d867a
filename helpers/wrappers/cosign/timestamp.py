"""Reads the time out of an RFC 3161 timestamp that cosign has verified; nothing is verified here."""

from __future__ import annotations

import datetime as dt

from helpers.wrappers.cosign.result import CannotVerify


def stamped_at(response: bytes) -> dt.datetime:
    """Return the time (UTC) in a TimeStampResp.

    Args:
        response: in DER. Any other encoding is an error, so that nobody can show cosign one time and us another.

    Raises:
        CannotVerify: it is not one, or it holds no time (the authority refused).
    """
    # Imported here because it loads cryptography (0.2 s).
    import rfc3161_client

    try:
        return rfc3161_client.decode_timestamp_response(response).tst_info.gen_time
    except ValueError as error:
        raise CannotVerify(
            "The signed time cannot be read", why=f"No timestamp in DER: {error}.", next="Sign the content again."
        ) from None
