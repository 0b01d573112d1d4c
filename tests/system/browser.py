# SPDX-License-Identifier: Apache-2.0
"""Chromium without a window: what a person sees, as a picture and as a document."""

import os
import re
import shutil
import subprocess

NAMES = ("chromium", "chromium-browser", "google-chrome")


def program():
    """Its path, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def run(folder, url, *arguments, width=1280, height=1400, dark=False, timeout=60):
    """Its output. `folder` holds all that it writes; the page is shown as it is after its first paint."""
    command = [program(), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
               "--disable-background-networking", "--disable-component-update", "--disable-extensions", "--hide-scrollbars",
               f"--user-data-dir={os.path.join(folder, 'profile')}", f"--window-size={width},{height}",
               *(["--blink-settings=preferredColorScheme=0"] if dark else ["--blink-settings=preferredColorScheme=1"]),
               *arguments, url]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout, check=True,
                          env={**os.environ, "HOME": str(folder)})
    return done.stdout.decode()


def picture(folder, url, path, **how):
    run(folder, url, f"--screenshot={path}", **how)


def document(folder, url, **how):
    return run(folder, url, "--dump-dom", **how)


# ---- contrast, as WCAG 2 computes it

def luminance(colour):
    channels = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def colours(style):
    """({name: colour} in light, the same in dark) of the custom properties of a style."""
    light, dark = (dict(re.findall(r"--(\w+):(#[0-9a-f]{6})", block)) for block in re.findall(r":root\{([^}]*)\}", style))
    return light, {**light, **dark}
