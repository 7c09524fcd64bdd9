<?php
// $wp_version = '6.4.2';
$wp_version = '6.2 beta';
