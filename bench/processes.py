"""A server's processes, by what the system tells of them."""
import pathlib


def children_of(parent):
    """(process, command line) of each. Others may end meanwhile."""
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(path.read_text().rpartition(")")[2].split()[1]) == parent:
                yield int(path.parent.name), (path.parent / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue


def keeper_and_exporter(postmaster):
    """None for one that is not there."""
    keeper = next((process for process, line in children_of(postmaster) if "elile_optimize keeper" in line), None)
    exporter = next((process for process, line in children_of(keeper) if "elile_optimize_exporter" in line), None) \
        if keeper else None
    return keeper, exporter
