<?php
// composer/semver: versions are normalised and then compared by Constraint (version_compare, and its rules for branches).
require_once "Composer/Semver/autoload.php";
use Composer\Semver\Comparator;
use Composer\Semver\VersionParser;

$parser = new VersionParser();
while (($line = fgets(STDIN)) !== false) {
    try {
        [$left, $right] = array_map([$parser, "normalize"], explode("\t", rtrim($line, "\n")));
    } catch (UnexpectedValueException) {
        echo "!\n";
        continue;
    }
    $below = Comparator::lessThan($left, $right);
    $above = Comparator::greaterThan($left, $right);
    $same = Comparator::equalTo($left, $right);
    echo $below ? "<" : ($above ? ">" : ($same ? "=" : "!")), "\n";
}
