<?php
final class Version
{
    public const PRODUCT = 'Joomla!';
    public const MAJOR_VERSION = 5;
    public const MINOR_VERSION = 0;
    public const PATCH_VERSION = 1;
    public const EXTRA_VERSION = '';
