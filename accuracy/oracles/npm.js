// node-semver as npm uses it, loosely.
const semver = require("semver");
const options = process.argv[2] === "strict" ? {} : { loose: true };
const { createInterface } = require("readline");

createInterface({ input: process.stdin }).on("line", (line) => {
  const [left, right] = line.split("\t").map((text) => semver.parse(text, options));
  process.stdout.write((left && right ? "<=>"[left.compare(right) + 1] : "!") + "\n");
});
