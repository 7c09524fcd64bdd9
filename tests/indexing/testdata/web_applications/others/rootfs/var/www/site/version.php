<?php
$version = '1.0';
$release = 'stable';
