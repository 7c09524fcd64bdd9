<?php
namespace PhpMyAdmin;
final class Version
{
    // The VERSION_SUFFIX constant is defined at libraries/constants.php
    public const VERSION = '5.2.1' . VERSION_SUFFIX;
    public const SERIES = '5.2';
