"""What every test relies on: Ctrl-C works, also where the shell that started us ignored it.

A shell without job control starts background commands with SIGINT ignored, and an ignored signal
stays ignored in every process started from here: tests that interrupt a command would hang.
"""

import signal

signal.signal(signal.SIGINT, signal.default_int_handler)
