#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`make check`: the book names only what is there.

In README.md and docs/, what stands in backquotes and looks like a file or like one
of our functions, types or events must exist.  A row of a table that names both
files and functions must name, for each function, a file that has it.  Links lead
somewhere.  The numbered stages of a chapter are those that the comments of its
source number ("Stage 3", "Stages 8 to 10", "item 2").

A model in tests/model/ begins with what it stands for: lines "Process  Function,
Function (file, file)".  The process is one of the model's, and one of the files has
the function.

What only NT has is written without backquotes.
"""
import pathlib
import re
import sys

QUOTED = re.compile(r"`([^`\n]+)`")
FILE = re.compile(r"^[\w./-]*\w\.(?:c|h|S|def|py|sh|md|ld|cfg|txt|mk)$")
NAME = re.compile(r"^_?([A-Z][a-z]+[A-Z]\w*|[A-Z][A-Z0-9]*_[A-Z0-9_]+)(?:\(\))?$")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
STAGE = re.compile(r"\b(?:[Ss]tages?|[Ii]tems?) (\d+)(?: (to|and) (\d+))?")
CHAPTER = re.compile(r"^#+ .*stages of (.*)$")
ROW = re.compile(r"^\| (\d+) \|")
STANDS_FOR = re.compile(r"^ \* Stands for\n(.*?)^ \*\n", re.MULTILINE | re.DOTALL)
STANDING = re.compile(r"^ \*   ([\w/]+) +(.*)$")
PLACED = re.compile(r"([^()]+)\(([^()]+)\)")
FUNCTION = re.compile(r"\b[A-Z][a-z]+[A-Z]\w+")
SUFFIXES = {".c", ".h", ".S", ".def", ".py", ".sh", ".ld", ".cfg", ".txt", ".mk", ".md",
            ".pml"}
SKIPPED = {".git", "build", "__pycache__"}


def tree():
    """{path: text} of everything that people wrote."""
    found = {}
    for path in pathlib.Path(".").rglob("*"):
        if path.suffix in SUFFIXES and not SKIPPED & set(path.parts):
            found[str(path)] = path.read_text(encoding="utf-8")
    found["Makefile"] = pathlib.Path("Makefile").read_text(encoding="utf-8")
    return found


class Checker:
    def __init__(self):
        self.files = tree()
        self.pages = [p for p in self.files if p == "README.md" or p.startswith("docs/")]
        self.words = {p: set(re.findall(r"\w+", t)) for p, t in self.files.items()
                      if not p.endswith((".md", ".pml"))}
        self.all_words = set().union(*self.words.values())
        self.complaints = []

    def resolve(self, name):
        """The paths that a file name may mean."""
        if name in self.files:
            return [name]
        return [p for p in self.files if p.endswith("/" + name)]

    def check_line(self, page, number, line):
        here = f"{page}:{number}: "
        quoted = QUOTED.findall(line)
        files = [q for q in quoted if FILE.match(q)]
        names = [NAME.match(q)[1] for q in quoted if NAME.match(q) and q not in files]
        places = []
        for name in files:
            paths = self.resolve(name)
            places += paths
            if not paths:
                self.complaints.append(f"{here}there is no file {name}")
        for name in names:
            if name not in self.all_words:
                self.complaints.append(f"{here}nothing is called {name}")
            elif places and line.startswith("|") and not any(
                    name in self.words.get(p, ()) for p in places):
                self.complaints.append(f"{here}{name} is in none of the files of its row")
        for target in LINK.findall(line):
            if "://" not in target and not (pathlib.Path(page).parent / target).exists():
                self.complaints.append(f"{here}the link to {target} leads nowhere")

    def stages_of(self, sources):
        numbers = set()
        for source in sources:
            comments = re.findall(r"/\*.*?\*/", self.files[source], re.DOTALL)
            for first, _, last in STAGE.findall("\n".join(comments)):
                numbers |= set(range(int(first), int(last or first) + 1))
        return numbers

    def check_stages(self, page):
        """Compares each chapter "... stages of `file`" with its sources."""
        sources, told = None, set()
        for line in [*self.files[page].splitlines(), "# end"]:
            if line.startswith("#"):
                if sources is not None and told != self.stages_of(sources):
                    self.complaints.append(
                        f"{page}: stages {sorted(told)}, but {' '.join(sources)} number "
                        f"{sorted(self.stages_of(sources))}")
                chapter = CHAPTER.match(line)
                sources = QUOTED.findall(chapter[1]) if chapter else None
                told = set()
            elif ROW.match(line):
                told.add(int(ROW.match(line)[1]))

    def check_model(self, model):
        """Compares what a model says that it stands for with the code."""
        note = STANDS_FOR.search(self.files[model])
        here = f"{model}: "
        places = []
        for line in note[1].splitlines() if note else []:
            process = STANDING.match(line)
            for name in process[1].split("/") if process else []:
                if not re.search(rf"(?:proctype|inline) {name}\b", self.files[model]):
                    self.complaints.append(f"{here}it has no process {name}")
            places.append(process[2] if process else line.lstrip(" *"))
        placed = PLACED.findall(" ".join(places))
        for names, files in placed:
            paths = [p for file in files.split(", ") for p in self.words
                     if p == file or file.endswith("/") and p.startswith(file)]
            for name in FUNCTION.findall(names):
                if not any(name in self.words[p] for p in paths):
                    self.complaints.append(f"{here}{name} is not in {files}")
        if not placed or not " ".join(places).endswith(")"):
            self.complaints.append(f"{here}it does not say what it stands for, and where that is")

    def run(self):
        for page in self.pages:
            fenced = False
            for number, line in enumerate(self.files[page].splitlines(), 1):
                if line.startswith("```"):
                    fenced = not fenced
                elif not fenced:
                    self.check_line(page, number, line)
            self.check_stages(page)
        for model in [p for p in self.files if p.startswith("tests/model/")]:
            self.check_model(model)
        for complaint in self.complaints:
            print(complaint)
        return 1 if self.complaints else 0


if __name__ == "__main__":
    sys.exit(Checker().run())
