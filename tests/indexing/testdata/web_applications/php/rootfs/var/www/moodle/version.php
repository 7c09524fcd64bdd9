<?php
defined('MOODLE_INTERNAL') || die();
$version  = 2023100902.00;
$release  = '4.3.2 (Build: 20231222)';
