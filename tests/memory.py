"""How much memory a process of ours holds, as the kernel tells it."""

from pathlib import Path


def held(pid: int, name: str = "VmRSS") -> float:
    """Return a figure of a process's memory, in MiB; `VmHWM` is the peak of what was resident."""
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) / 1024


def forget_peak(pid: int) -> float:
    """Have the kernel measure the peak anew; return what is resident now, in MiB."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return held(pid)
