"""Runs other scripts of this folder one after another, so that NumPy and scikit-learn are imported once.

Each line of the input is a JSON list, the script and its arguments; each line of the output is a JSON object with what the
script printed or with its error.
"""

import contextlib
import io
import json
import os
import runpy
import sys
import traceback

for line in sys.stdin:
    script, *arguments = json.loads(line)
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), script)
    os.chdir(os.path.dirname(path))
    sys.argv = [path, *arguments]
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            runpy.run_path(path, run_name="__main__")
        answer = {"output": printed.getvalue()}
    except BaseException:
        answer = {"error": traceback.format_exc()}
    print(json.dumps(answer), flush=True)
