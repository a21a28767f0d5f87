// The small programs the scenarios work on, and what the scripted model says to them.

export const CALC = 'def double(x):\n    """Twice x, voilà: é."""\n    y = x ** 3\n    return y\n';
export const TWO =
  "def double(x):\n    y = x ** 3\n    return y\n\n\ndef same(x):\n    return x\n\n\ndef triple(x):\n    return x * 4\n";

/** A test of functions: name, given, wanted. */
export function test(module, ...cases) {
  const names = cases.map(([name]) => name).join(", ");
  const body = cases.map(([name, given, wanted]) => `        self.assertEqual(${name}(${given}), ${wanted})\n`);
  const head = `import unittest\n\nfrom ${module} import ${names}\n\n\nclass T(unittest.TestCase):\n    def test_it(self):\n`;
  return head + body.join("");
}

/** The same, but first it waits until a file is there. */
export function waiting(gate, module, ...cases) {
  const wait = `    def setUp(self):\n        while not os.path.exists(${JSON.stringify(gate)}):\n            time.sleep(0.1)\n\n`;
  return `import os\nimport time\n${test(module, ...cases).replace("    def test_it", `${wait}    def test_it`)}`;
}

function block(path, ...changes) {
  const parts = changes.map(([old, now]) => `${path}\n<<<<<<< SEARCH\n${old}\n=======\n${now}\n>>>>>>> REPLACE\n`);
  return parts.join("\n");
}

export const FIX = block("calc.py", ["    y = x ** 3", "    y = x * 2"]);
export const BOTH = block("calc.py", ["    y = x ** 3", "    y = x * 2"], ["    return x * 4", "    return x * 3"]);

/** A program whose danger is proven without a model: a request's text reaches a shell. */
export const WEB =
  "import subprocess\n\nfrom flask import request\n\n\ndef run():\n" +
  '    name = request.args["name"]\n    return subprocess.call("ls " + name, shell=True)\n';

const json = (value) => JSON.stringify(value);
export const NOTES = "# Notes\n\nfirst\n\nsecond 🎉\n\nthird\n\nfourth\n\nfifth\n";

/** Answers of every role for the brief "quarters": one task with tests, one in words only. */
export const QUARTERS = [
  { match: "You write specifications", answer: json({ title: "Quarters", demands: ["quarter(8) is 2"] }) },
  {
    match: "You are a software architect",
    answer: json({
      overview: "One module.",
      stack: ["Python"],
      parts: [{ path: "quarter.py", purpose: "quarters", gives: ["def quarter(x: float) -> float"] }],
    }),
  },
  {
    match: "You are a tech lead",
    answer: json({
      tasks: [
        {
          id: "T1",
          title: "Quarters and their tests",
          works: [
            { path: "quarter.py", purpose: "quarters" },
            { path: "test_quarter.py", purpose: "tests", needs: ["quarter.py"] },
          ],
        },
        { id: "T2", title: "Notes", works: [{ path: "notes.md", action: "edit", purpose: "what is new" }], needs: ["T1"] },
      ],
    }),
  },
  { regex: "^(?:Write|Change) quarter.py:", answer: "```\ndef quarter(x):\n    return x / 4\n```\n" },
  { regex: "^(?:Write|Change) test_quarter.py:", answer: "```\n" + test("quarter", ["quarter", 8, 2]) + "```\n" },
  {
    regex: "^(?:Write|Change) notes.md:",
    answer: block("notes.md", ["first", "first: quarters"], ["fifth", "fifth: tested"]),
  },
];
