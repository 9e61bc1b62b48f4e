"""Runs inside the bare Debian of ``test_deb.py``, as an ordinary user: a real X session in which the installed program is used.

Starts X server, session bus, window manager, tray and notification daemon; prints ``ok`` or ``FAILED`` and what was tried, a
line each. Exit status 1 when anything failed. Every wait is bounded. Standard library of python3-minimal only.
"""
# Strings as paths: python3-minimal brings only a part of the standard library.
# ruff: noqa: PTH102, PTH103, PTH107, PTH110, PTH123, PTH202, PTH208

import os
import re
import signal
import subprocess
import sys
import time

HOME = os.environ["HOME"]
DATA = HOME + "/.local/share/spc-desktop"
LOG = DATA + "/logs/spc-desktop.log"
PATIENCE = 90.0
LARGEST_ICON = 128

PANEL = """<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array"><value type="int" value="1"/><property name="panel-1" type="empty">
    <property name="position" type="string" value="p=8;x=0;y=0"/><property name="length" type="uint" value="100"/>
    <property name="plugin-ids" type="array"><value type="int" value="1"/></property></property></property>
  <property name="plugins" type="empty"><property name="plugin-1" type="string" value="systray"/></property>
</channel>
"""
"""A panel with nothing but a tray."""

failures = 0
running = []


def tell(good, what):
    """Print a line of the table."""
    global failures  # noqa: PLW0603 - one script, one counter
    failures += 0 if good else 1
    print(f"{'ok    ' if good else 'FAILED'} {what}", flush=True)
    return good


def start(*command, output="/dev/null", **options):
    """Start a program of the session; ended at the end."""
    with open(output, "ab") as stream:
        process = subprocess.Popen(
            command, stdout=stream, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, **options
        )
    running.append(process)
    return process


def wait(seen, seconds=PATIENCE):
    """Return the first true answer of ``seen()``, or None."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = seen()
        if answer:
            return answer
        time.sleep(0.1)
    return None


def run(*command):
    """Run to the end; return status and output."""
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


def text_of(path):
    """Return a file's text, empty where there is none yet."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return ""


def open_session():
    """Start the desktop; set DISPLAY and the bus's address."""
    reading, writing = os.pipe()
    start("Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x800x24", "-nolisten", "tcp", pass_fds=(writing,))
    os.environ["DISPLAY"] = ":" + os.read(reading, 16).decode().strip()
    start("dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1", output=HOME + "/bus")
    os.environ["DBUS_SESSION_BUS_ADDRESS"] = (wait(lambda: text_of(HOME + "/bus"), 10) or "").strip()
    os.environ["XDG_RUNTIME_DIR"] = HOME + "/run"
    os.environ["XDG_CURRENT_DESKTOP"] = "XFCE"
    os.mkdir(HOME + "/run", 0o700)
    folder = HOME + "/.config/xfce4/xfconf/xfce-perchannel-xml"
    os.makedirs(folder)
    with open(folder + "/xfce4-panel.xml", "w", encoding="ascii") as stream:
        stream.write(PANEL)
    start("openbox")
    start("dbus-monitor", "--session", "interface='org.freedesktop.Notifications'", output=HOME + "/toasts")
    for program in ("/usr/lib/x86_64-linux-gnu/xfce4/notifyd/xfce4-notifyd", "xfce4-panel --disable-wm-check"):
        start(*program.split(), output=HOME + "/desktop.log")
    time.sleep(3)


def shown():
    """Return the visible windows of the program; a tray may show its icon as a small window of the same name."""
    found = run("xdotool", "search", "--onlyvisible", "--name", "^SPC Desktop$")[1].split()
    return [f"{name} {width} px" for name in found if (width := width_of(name)) > LARGEST_ICON]


def width_of(window):
    """Return the width of a window in pixels, 0 where it is gone."""
    width = re.search(r"Width: (\d+)", run("xwininfo", "-id", window)[1])
    return int(width[1]) if width else 0


def use_window():
    """The window: seen, a toast, a second start, an end on request."""
    window = start("spc-desktop", "--sample-plant=20", "--language", "ko", "--port", "0", output=HOME + "/window.log")
    tell(wait(shown), "window is seen")
    times = wait(lambda: re.search(r"first paint ([\d.]+) s, ready ([\d.]+) s", text_of(LOG)))
    tell(times, f"ready: first paint {times[1]} s, ready {times[2]} s" if times else "ready")
    tell(wait(lambda: "member=Notify" in text_of(HOME + "/toasts"), 180), "a toast is seen on the bus")
    run("import", "-window", "root", HOME + "/window.png")
    status, output = run("spc-desktop")
    tell(status == 0 and window.poll() is None, f"second start leaves it to the first {output.strip()}")
    status, output = run("spc-desktop", "--quit")
    tell(
        status == 0 and wait(lambda: window.poll() is not None, 10) and window.returncode == 0,
        f"--quit {output.strip()}",
    )
    again = start("spc-desktop", "--background", "--port", "0", output=HOME + "/window.log")
    tell(wait(lambda: text_of(LOG).count("ready ") > 1), "starts in the tray")
    seen = shown()
    tell(not seen, f"and shows no window {seen}")
    tell(run("spc-desktop")[0] == 0 and wait(shown), "a second start brings the window")
    run("spc-desktop", "--quit")
    tell(wait(lambda: again.poll() is not None, 20) and again.returncode == 0, "ends")


def use_hub():
    """The hub by hand: tested as a client sees it, ended as a service manager does."""
    before = len(text_of(LOG))
    hub = start("spc-desktop", "hub", "--port", "8765", "--sample-plant", output=HOME + "/hub.log")
    listening = wait(lambda: re.search(r"listening ([\d.]+) s", text_of(LOG)[before:]))
    tell(
        listening, f"hub listens after {listening[1]} s" if listening else f"hub listens: {text_of(HOME + '/hub.log')}"
    )
    status, output = run("spc-desktop", "check", "--url", "http://127.0.0.1:8765", "--create-alert")
    tell(status == 0, f"check: {(output.strip().splitlines() or [''])[-1]}")
    status, output = run("spc-desktop", "hub", "--port", "8765", "--data-dir", HOME + "/other")
    tell(status == 4 and "8765" in output, f"a taken port is told: {output.strip()}")
    hub.terminate()
    tell(hub.wait(20) == 0, "hub ends in order on SIGTERM")


def use_without_display():
    """What the program says where no display is."""
    environment = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    done = subprocess.run(
        ["spc-desktop", "--port", "0"], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    told = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    tell(
        done.returncode == 7 and told,
        f"without a display: status {done.returncode}: {(told or [''])[0][:110]}",
    )


def use_viewer():
    """A window on the hub of another folder."""
    folder = HOME + "/hub"
    hub = start(
        "spc-desktop", "hub", "--port", "8767", "--sample-plant=20", "--data-dir", folder, output=HOME + "/hub.log"
    )
    wait(lambda: os.path.exists(folder + "/hub.json"))
    command = ("spc-desktop", "viewer", "http://127.0.0.1:8767", "--language", "en")
    viewer = start(*command, output=HOME + "/viewer.log")
    seen = wait(shown)
    tell(seen, f"a viewer of it opens a window {seen} {text_of(HOME + '/viewer.log')[:200]}")
    time.sleep(5)
    run("import", "-window", "root", HOME + "/viewer.png")
    run("spc-desktop", "--quit")
    tell(wait(lambda: viewer.poll() is not None, 20) and viewer.returncode == 0, "and ends")
    hub.terminate()
    hub.wait(20)


def use_upkeep():
    """What keeps the program in order: doctor, logs, channels, autostart, backups."""
    status, output = run("spc-desktop", "doctor")
    tell(status in (0, 1) and "Traceback" not in output, f"doctor: {(output.strip().splitlines() or [''])[-1]}")
    status, output = run("spc-desktop", "logs", HOME + "/logs.zip")
    tell(status == 0 and os.path.getsize(HOME + "/logs.zip") > 0, f"logs as one file {output.strip()}")
    status, output = run("spc-desktop", "channel", "list")
    tell(status == 0 and "Traceback" not in output, f"channels: {output.strip()[:110]}")
    for wanted, line in (("on", "Hidden=false"), ("off", "Hidden=true")):
        run("spc-desktop", "autostart", wanted)
        entry = text_of(HOME + "/.config/autostart/spc-desktop.desktop")
        tell(line in entry and "--background" in entry, f"autostart {wanted}")
    name = "spc-0001-20260101T000000.sqlite3"
    os.makedirs(DATA + "/backups", exist_ok=True)
    with open(DATA + "/spc.sqlite3", "rb") as now, open(DATA + "/backups/" + name, "wb") as copy:
        copy.write(now.read())
    listed = run("spc-desktop", "backup", "list")[1]
    status, output = run("spc-desktop", "backup", "restore", name)
    tell(status == 0 and name in listed, f"a backup is put back: {output.strip()[:110]}")


def use_after_crash():
    """A crash below Python leaves a report at the next start."""
    for attempt in ("crash", "next"):
        hub = start("spc-desktop", "hub", "--port", "0", output=HOME + "/hub.log")
        wait(lambda: os.path.exists(DATA + "/hub.json"))
        if attempt == "crash":
            hub.send_signal(signal.SIGSEGV)
            hub.wait(20)
            os.remove(DATA + "/hub.json")
        else:
            run("spc-desktop", "--quit")
            hub.wait(20)
    reports = [name for name in os.listdir(DATA + "/logs") if name.startswith("crash-")]
    tell(len(reports) == 1, f"a crash leaves its report for the next start {reports}")


def main():
    """Use everything, end everything."""
    try:
        open_session()
        use_window()
        use_hub()
        use_viewer()
        use_without_display()
        use_upkeep()
        crashes = [name for name in os.listdir(DATA + "/logs") if name.startswith("crash-")]
        tell(not crashes, f"no crash reports {crashes}")
        use_after_crash()
    finally:
        for process in reversed(running):
            if process.poll() is None:
                process.kill()
                process.wait()
    sys.exit(1 if failures else 0)


main()
