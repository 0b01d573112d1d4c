# SPDX-License-Identifier: Apache-2.0
"""A licence of Mattermost as it stands in the database. Its signature is none, and nobody here looks at it."""

import base64
import json

ID = "l" * 26
EXPIRY_MS, SEATS, SKU = 1_900_000_000_000, 250, "professional"


def sql():
    """Inserts it, active."""
    text = json.dumps({"id": ID, "expires_at": EXPIRY_MS, "sku_short_name": SKU, "features": {"users": SEATS}})
    stored = base64.b64encode(text.encode() + bytes(range(256))).decode()
    return (f"INSERT INTO Licenses (Id, CreateAt, Bytes) VALUES ('{ID}', 1, '{stored}');"
            f" INSERT INTO Systems (Name, Value) VALUES ('ActiveLicenseId', '{ID}')")
