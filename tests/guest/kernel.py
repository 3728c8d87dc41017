"""The guest's kernel: Debian's own, with gpio-sim built beside it, in an initial RAM disk.

Rules kept here:
- Debian's kernels ship neither gpio-sim nor irq_sim: both are built from Debian's own source of the
  same version, outside the tree, with two changes that are made here and nowhere else;
- change one: with ``persist=1`` a released output stays driven, as on Raspberry Pi's kernels
  (``persist_gpio_outputs``); with ``persist=0`` it is let go, as upstream does it;
- change two: irq_sim hands its interrupt over by a function that modules may call;
- what was built is kept in the folder that was given and used again.
"""

import gzip
import shutil
import subprocess
import tarfile
from pathlib import Path

MODULES = (
    "virtio_ring",
    "virtio",
    "virtio_pci_modern_dev",
    "virtio_pci_legacy_dev",
    "virtio_pci",
    "netfs",
    "fscache",
    "9pnet",
    "9pnet_virtio",
    "9p",
    "overlay",
    "configfs",
)
_SOURCES = ("drivers/gpio/gpio-sim.c", "drivers/gpio/gpiolib.h", "kernel/irq/irq_sim.c")
_FREE = "static void gpio_sim_free("
_BUILD_S = 600

_INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
for m in {modules} irq_sim; do insmod /mod/$m.ko || echo "no module $m"; done
insmod /mod/gpio-sim.ko persist={persist}
mkdir -p /lower /rw /new
mount -t 9p -o trans=virtio,version=9p2000.L,ro,msize=1048576,cache=loose host /lower
mount -t tmpfs none /rw
mkdir /rw/up /rw/work
mount -t overlay -o lowerdir=/lower,upperdir=/rw/up,workdir=/rw/work none /new
for d in proc sys dev; do mount --move /$d /new/$d; done
mount -t tmpfs none /new/tmp
mount -t tmpfs none /new/run
mkdir -p /new/dev/pts /new/dev/shm
mount -t devpts none /new/dev/pts
mount -t tmpfs none /new/dev/shm
mount -t configfs none /new/sys/kernel/config
mkdir -p /new/out
mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144 out /new/out
exec switch_root /new {init}
"""


def release() -> str:
    """The newest of Debian's kernels on this machine that has GPIO; "" for none."""
    found = sorted(Path("/boot").glob("vmlinuz-*-amd64"))
    names = [path.name.removeprefix("vmlinuz-") for path in found]
    return next((name for name in reversed(names) if "cloud" not in name), "")


def lacking() -> str:
    """What this machine lacks to build and run a guest, in a sentence; "" for nothing."""
    name = release()
    wanted = {
        "linux-image-amd64": bool(name),
        "linux-headers-amd64": Path(f"/lib/modules/{name}/build").exists(),
        "linux-source": any(Path("/usr/src").glob("linux-source-*.tar.xz")),
        "busybox-static": Path("/bin/busybox").exists(),
        "qemu-system-x86": shutil.which("qemu-system-x86_64") is not None,
        "gcc and make": shutil.which("gcc") is not None and shutil.which("make") is not None,
    }
    missing = [part for part, there in wanted.items() if not there]
    return f"the guest needs {', '.join(missing)} (apt)" if missing else ""


def build_modules(folder: Path) -> None:
    """Build gpio-sim.ko and irq_sim.ko in ``folder``, once."""
    if (folder / "gpio-sim.ko").exists() and (folder / "irq_sim.ko").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    archive = max(Path("/usr/src").glob("linux-source-*.tar.xz"))
    with tarfile.open(archive) as tar:
        for member in tar:
            inner = member.name.partition("/")[2]
            if inner in _SOURCES:
                source = tar.extractfile(member)
                assert source is not None
                (folder / Path(inner).name).write_bytes(source.read())
    _change(folder)
    (folder / "Kbuild").write_text("obj-m := gpio-sim.o irq_sim.o\n")
    made = subprocess.run(
        ["make", "-C", f"/lib/modules/{release()}/build", f"M={folder}", "modules"],
        capture_output=True,
        text=True,
        timeout=_BUILD_S,
        check=False,
    )
    assert made.returncode == 0, made.stdout[-3000:] + made.stderr[-3000:]


def _change(folder: Path) -> None:
    path = folder / "gpio-sim.c"
    text = path.read_text()
    assert text.count(_FREE) == 1, "gpio-sim looks different: see what its free does now"
    before, after = text.split(_FREE)
    head, body = after.split("\tmutex_lock", 1)
    path.write_text(
        f"{before}static bool persist;\nmodule_param(persist, bool, 0644);\n\n{_FREE}{head}"
        "\tif (persist && !test_bit(offset, chip->direction_map))\n\t\treturn;\n"
        f"\tmutex_lock{body}"
    )
    path = folder / "irq_sim.c"
    text = path.read_text()
    path.write_text(
        text.replace("handle_simple_irq(irq_to_desc(irqnum))", "generic_handle_irq(irqnum)")
        + '\n#include <linux/module.h>\nMODULE_LICENSE("GPL");\n'
    )


def build_disk(modules: Path, folder: Path, *, persist: bool, init: str) -> Path:
    """An initial RAM disk that ends in ``init`` (program and arguments) on the host's files."""
    root = folder / "initial"
    for name in ("bin", "mod", "proc", "sys", "dev"):
        (root / name).mkdir(parents=True, exist_ok=True)
    shutil.copy("/bin/busybox", root / "bin" / "busybox")
    found = {
        path.name.removesuffix(".ko"): path
        for path in Path(f"/lib/modules/{release()}/kernel").rglob("*.ko")
    }
    for name in MODULES:
        shutil.copy(found[name], root / "mod")
    for path in modules.glob("*.ko"):
        shutil.copy(path, root / "mod")
    script = root / "init"
    script.write_text(
        _INIT.format(modules=" ".join(MODULES), persist=int(persist), init=init), encoding="utf-8"
    )
    script.chmod(0o755)
    names = "\n".join(str(path.relative_to(root)) for path in sorted(root.rglob("*")))
    packed = subprocess.run(
        ["/bin/busybox", "cpio", "-o", "-H", "newc"],
        input=names.encode(),
        cwd=root,
        capture_output=True,
        timeout=60,
        check=True,
    )
    disk = folder / "initial.gz"
    disk.write_bytes(gzip.compress(packed.stdout, 1))
    return disk
