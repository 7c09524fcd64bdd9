// golang.org/x/mod/semver.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/semver"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for lines.Scan() {
		left, right, _ := strings.Cut(lines.Text(), "\t")
		left, right = "v"+strings.TrimPrefix(left, "v"), "v"+strings.TrimPrefix(right, "v")
		if semver.IsValid(left) && semver.IsValid(right) {
			fmt.Fprintln(out, "<=>"[semver.Compare(left, right)+1:semver.Compare(left, right)+2])
		} else {
			fmt.Fprintln(out, "!")
		}
	}
}
